// SPDX-License-Identifier: Apache-2.0
#include "core/models/shared.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

struct Network {
    int number;
    std::atomic<int> inside{0};
    int calls = 0;  // of one thread at a time, or the thread sanitizer and the sum find it
    explicit Network(int n) : number(n) {}
};
using drgan::Shared;
using Users = std::vector<std::unique_ptr<Shared<Network>::User>>;

class SharedTest : public testing::Test {
protected:
    std::shared_ptr<Shared<Network>> make(size_t most) {
        return std::make_shared<Shared<Network>>(
            [this] {
                const int n = ++loads;
                if (n >= failFrom) {
                    throw std::runtime_error("no more files");
                }
                return cv::makePtr<Network>(n);
            },
            most);
    }
    static Users use(const std::shared_ptr<Shared<Network>>& shared, size_t n) {
        Users users;
        for (size_t i = 0; i < n; ++i) {
            users.push_back(std::make_unique<Shared<Network>::User>(shared));
        }
        return users;
    }
    std::atomic<int> loads{0};
    int failFrom = 1000;
};

TEST_F(SharedTest, OneIsLoadedHoweverManyUseIt) {
    const auto shared = make(4);
    const auto users = use(shared, 3);
    for (const auto& user : users) {
        EXPECT_EQ(user->borrow()->number, 1);
        EXPECT_EQ(user->first().number, 1);
    }
    EXPECT_EQ(loads, 1);
}

TEST_F(SharedTest, ThoseWhoComeAtOnceWaitForTheOneThatLoads) {
    std::vector<std::thread> threads;
    const auto shared = std::make_shared<Shared<Network>>(
        [this] {
            ++loads;
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
            return cv::makePtr<Network>(1);
        },
        8);
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&] {
            Shared<Network>::User user(shared);
            EXPECT_EQ(user.borrow()->number, 1);
        });
    }
    for (auto& t : threads) {
        t.join();
    }
    EXPECT_EQ(loads, 1);
}

TEST_F(SharedTest, WhoWaitsLongGetsAnotherOne) {
    const auto shared = make(4);
    const auto users = use(shared, 2);
    const auto held = users[0]->borrow();
    EXPECT_EQ(users[1]->borrow()->number, 2) << "the first was on loan all the time";
    EXPECT_EQ(shared->size(), 2U);
}

TEST_F(SharedTest, NeverMoreThanMostNorThanUsers) {
    for (const auto& [most, count, expected] : {std::tuple{2, 4, 2}, std::tuple{4, 2, 2}, std::tuple{1, 3, 1}}) {
        loads = 0;
        const auto shared = make(static_cast<size_t>(most));
        const auto users = use(shared, static_cast<size_t>(count));
        std::vector<std::thread> threads;
        std::atomic<int> together{0};
        for (const auto& user : users) {
            threads.emplace_back([&] {
                for (int i = 0; i < 20; ++i) {
                    const auto network = user->borrow();
                    EXPECT_EQ(++network->inside, 1) << "two threads in one network";
                    ++together;
                    std::this_thread::sleep_for(std::chrono::milliseconds(5));
                    --network->inside;
                    ++network->calls;
                }
            });
        }
        for (auto& t : threads) {
            t.join();
        }
        EXPECT_EQ(shared->size(), static_cast<size_t>(expected)) << most << " at most, " << count << " users";
        EXPECT_EQ(loads, expected);
        EXPECT_EQ(together, 20 * count);
    }
}

TEST_F(SharedTest, NobodyIsPassedOverByAUserInALoop) {
    const auto shared = make(1);
    const auto users = use(shared, 2);
    std::atomic<bool> stop{false};
    std::atomic<int> rounds{0};
    std::thread greedy([&] {
        while (!stop) {
            const auto network = users[0]->borrow();
            const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(1);
            while (std::chrono::steady_clock::now() < until) {  // computes: it is awake when it gives back
            }
            ++rounds;
        }
    });
    while (rounds == 0) {
        std::this_thread::yield();
    }
    // Who waits sees the greedy one end what it is at, and no more. (A thread that loses the processor before it asks
    // sees more.)
    int fair = 0;
    for (int i = 0; i < 40; ++i) {
        std::this_thread::sleep_for(std::chrono::microseconds(300));
        const int before = rounds;
        users[1]->borrow();
        fair += rounds - before <= 1 ? 1 : 0;
    }
    stop = true;
    greedy.join();
    EXPECT_GE(fair, 30);
}

TEST_F(SharedTest, AUserGetsTheOneItHadLast) {
    const auto shared = make(4);
    const auto users = use(shared, 2);
    {
        const auto held = users[0]->borrow();
        EXPECT_EQ(users[1]->borrow()->number, 2);
    }
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(users[1]->borrow()->number, 2);
        EXPECT_EQ(users[0]->borrow()->number, 1);
    }
}

TEST_F(SharedTest, UsersThatLeaveTakeTheirShareWithThem) {
    const auto shared = make(4);
    auto users = use(shared, 2);
    {
        const auto held = users[0]->borrow();
        users[1]->borrow();
    }
    EXPECT_EQ(shared->size(), 2U);
    users.erase(users.begin());
    EXPECT_EQ(shared->size(), 1U);
    EXPECT_EQ(users[0]->first().number, users[0]->borrow()->number);
}

TEST_F(SharedTest, WhatFailsToLoadFailsForEachWhoStarts) {
    failFrom = 1;
    const auto shared = make(4);
    EXPECT_THROW(Shared<Network>::User{shared}, std::runtime_error);
    EXPECT_THROW(Shared<Network>::User{shared}, std::runtime_error);
    EXPECT_EQ(loads, 2);
    failFrom = 1000;
    EXPECT_EQ(use(shared, 1)[0]->borrow()->number, 3);
}

TEST_F(SharedTest, GoesOnWithTheOneThereIsWhenNoFurtherCanBeLoaded) {
    failFrom = 2;
    const auto shared = make(4);
    const auto users = use(shared, 2);
    for (int i = 0; i < 3; ++i) {
        std::optional<std::thread> waiting;
        {
            const auto held = users[0]->borrow();
            waiting.emplace([&] { EXPECT_EQ(users[1]->borrow()->number, 1); });
            std::this_thread::sleep_for(std::chrono::milliseconds(120));
        }
        waiting->join();
    }
    EXPECT_EQ(shared->size(), 1U);
    EXPECT_EQ(loads, 2) << "what has failed is not tried again and again";
}

TEST_F(SharedTest, UsersComeAndGoWhileOthersCompute) {
    const auto shared = make(2);
    const auto stays = use(shared, 1);
    std::vector<std::thread> threads;
    std::atomic<int> calls{0};
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 50; ++i) {
                Shared<Network>::User user(shared);
                const auto network = user.borrow();
                EXPECT_EQ(++network->inside, 1);
                std::this_thread::sleep_for(std::chrono::microseconds(300));
                --network->inside;
                ++calls;
            }
        });
    }
    for (auto& t : threads) {
        t.join();
    }
    EXPECT_EQ(calls, 200);
    EXPECT_EQ(shared->size(), 1U);
}

}  // namespace
