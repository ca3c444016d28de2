// SPDX-License-Identifier: Apache-2.0
#include "core/models/instance_pool.hpp"

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
    int calls = 0;  // not atomic: the thread sanitizer and the sum detect a second thread
    explicit Network(int n) : number(n) {}
};
using drgan::InstancePool;
using Users = std::vector<std::unique_ptr<InstancePool<Network>::User>>;

class InstancePoolTest : public testing::Test {
protected:
    std::shared_ptr<InstancePool<Network>> make(size_t most) {
        return std::make_shared<InstancePool<Network>>(
            [this] {
                const int n = ++loads;
                if (n >= failFrom) {
                    throw std::runtime_error("no more files");
                }
                return cv::makePtr<Network>(n);
            },
            most);
    }
    static Users use(const std::shared_ptr<InstancePool<Network>>& pool, size_t n) {
        Users users;
        for (size_t i = 0; i < n; ++i) {
            users.push_back(std::make_unique<InstancePool<Network>::User>(pool));
        }
        return users;
    }
    std::atomic<int> loads{0};
    int failFrom = 1000;
};

TEST_F(InstancePoolTest, OneIsLoadedHoweverManyUseIt) {
    const auto pool = make(4);
    const auto users = use(pool, 3);
    for (const auto& user : users) {
        EXPECT_EQ(user->acquire()->number, 1);
        EXPECT_EQ(user->first().number, 1);
    }
    EXPECT_EQ(loads, 1);
}

TEST_F(InstancePoolTest, ThoseWhoComeAtOnceWaitForTheOneThatLoads) {
    std::vector<std::thread> threads;
    const auto pool = std::make_shared<InstancePool<Network>>(
        [this] {
            ++loads;
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
            return cv::makePtr<Network>(1);
        },
        8);
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&] {
            InstancePool<Network>::User user(pool);
            EXPECT_EQ(user.acquire()->number, 1);
        });
    }
    for (auto& t : threads) {
        t.join();
    }
    EXPECT_EQ(loads, 1);
}

TEST_F(InstancePoolTest, WhoWaitsLongGetsAnotherOne) {
    const auto pool = make(4);
    const auto users = use(pool, 2);
    const auto held = users[0]->acquire();
    EXPECT_EQ(users[1]->acquire()->number, 2) << "the first was in use all the time";
    EXPECT_EQ(pool->size(), 2U);
}

TEST_F(InstancePoolTest, NeverMoreThanMostNorThanUsers) {
    for (const auto& [most, count, expected] : {std::tuple{2, 4, 2}, std::tuple{4, 2, 2}, std::tuple{1, 3, 1}}) {
        loads = 0;
        const auto pool = make(static_cast<size_t>(most));
        const auto users = use(pool, static_cast<size_t>(count));
        std::vector<std::thread> threads;
        std::atomic<int> together{0};
        for (const auto& user : users) {
            threads.emplace_back([&] {
                for (int i = 0; i < 20; ++i) {
                    const auto network = user->acquire();
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
        EXPECT_EQ(pool->size(), static_cast<size_t>(expected)) << most << " at most, " << count << " users";
        EXPECT_EQ(loads, expected);
        EXPECT_EQ(together, 20 * count);
    }
}

TEST_F(InstancePoolTest, NobodyIsPassedOverByAUserInALoop) {
    const auto pool = make(1);
    const auto users = use(pool, 2);
    std::atomic<bool> stop{false};
    std::atomic<int> rounds{0};
    std::thread greedy([&] {
        while (!stop) {
            const auto network = users[0]->acquire();
            const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(1);
            while (std::chrono::steady_clock::now() < until) {  // busy: still running when it releases
            }
            ++rounds;
        }
    });
    while (rounds == 0) {
        std::this_thread::yield();
    }
    // A waiting thread sees the greedy one finish its current round and no more. (If it is preempted before it asks, it
    // sees more.)
    int fair = 0;
    for (int i = 0; i < 40; ++i) {
        std::this_thread::sleep_for(std::chrono::microseconds(300));
        const int before = rounds;
        users[1]->acquire();
        fair += rounds - before <= 1 ? 1 : 0;
    }
    stop = true;
    greedy.join();
    EXPECT_GE(fair, 30);
}

TEST_F(InstancePoolTest, AUserGetsTheOneItHadLast) {
    const auto pool = make(4);
    const auto users = use(pool, 2);
    {
        const auto held = users[0]->acquire();
        EXPECT_EQ(users[1]->acquire()->number, 2);
    }
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(users[1]->acquire()->number, 2);
        EXPECT_EQ(users[0]->acquire()->number, 1);
    }
}

TEST_F(InstancePoolTest, UsersThatLeaveTakeTheirShareWithThem) {
    const auto pool = make(4);
    auto users = use(pool, 2);
    {
        const auto held = users[0]->acquire();
        users[1]->acquire();
    }
    EXPECT_EQ(pool->size(), 2U);
    users.erase(users.begin());
    EXPECT_EQ(pool->size(), 1U);
    EXPECT_EQ(users[0]->first().number, users[0]->acquire()->number);
}

TEST_F(InstancePoolTest, WhatFailsToLoadFailsForEachWhoStarts) {
    failFrom = 1;
    const auto pool = make(4);
    EXPECT_THROW(InstancePool<Network>::User{pool}, std::runtime_error);
    EXPECT_THROW(InstancePool<Network>::User{pool}, std::runtime_error);
    EXPECT_EQ(loads, 2);
    failFrom = 1000;
    EXPECT_EQ(use(pool, 1)[0]->acquire()->number, 3);
}

TEST_F(InstancePoolTest, GoesOnWithTheOneThereIsWhenNoFurtherCanBeLoaded) {
    failFrom = 2;
    const auto pool = make(4);
    const auto users = use(pool, 2);
    for (int i = 0; i < 3; ++i) {
        std::optional<std::thread> waiting;
        {
            const auto held = users[0]->acquire();
            waiting.emplace([&] { EXPECT_EQ(users[1]->acquire()->number, 1); });
            std::this_thread::sleep_for(std::chrono::milliseconds(120));
        }
        waiting->join();
    }
    EXPECT_EQ(pool->size(), 1U);
    EXPECT_EQ(loads, 2) << "a failed load is not repeated";
}

TEST_F(InstancePoolTest, UsersComeAndGoWhileOthersCompute) {
    const auto pool = make(2);
    const auto stays = use(pool, 1);
    std::vector<std::thread> threads;
    std::atomic<int> calls{0};
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 50; ++i) {
                InstancePool<Network>::User user(pool);
                const auto network = user.acquire();
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
    EXPECT_EQ(pool->size(), 1U);
}

}  // namespace
