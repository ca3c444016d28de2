// SPDX-License-Identifier: Apache-2.0
//
// The people without a name who are kept in a file, and the file.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>

#include "core/people/visitors.hpp"
#include "tiny_onnx.hpp"
#include "wait_for.hpp"

namespace {

namespace fs = std::filesystem;
using cv::drgan::Gallery;
using cv::drgan::Template;
using drgan::Visitors;
using drgan_test::TempDir;
using drgan_test::waitFor;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::UnorderedElementsAre;

constexpr std::int64_t day = 86400;

cv::Mat axis(int i) {
    cv::Mat e(1, 8, CV_32F, cv::Scalar(0));
    e.at<float>(i) = 1;
    return e;
}

Template pictures(int who, int n = 3) {
    Template t;
    for (int i = 0; i < n; ++i) {
        t.add(axis(who), 0.5F);
    }
    return t;
}

std::string bytesOf(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

class KeptVisitors : public testing::Test {
protected:
    void SetUp() override {
        options.interval = std::chrono::milliseconds(5);
        options.lockTimeout = 0.1;
        options.clock = [this] { return clock.load(); };
    }

    Visitors& open() {
        visitors.reset();  // first: the file is locked
        visitors = std::make_unique<Visitors>(
            encoder, file, limits,
            [this](const std::string& why) {
                const std::lock_guard<std::mutex> lock(mutex);
                problems.push_back(why);
            },
            options);
        return *visitors;
    }

    std::vector<std::string> reported() {
        const std::lock_guard<std::mutex> lock(mutex);
        return problems;
    }

    /// Who the face of axis(i) is; empty: nobody.
    std::string who(int i) const {
        cv::drgan::NamingRule rule;
        rule.threshold = 0.5;
        return visitors->gallery().identify(axis(i), rule).name;
    }

    std::vector<std::string> inFile() const {
        std::vector<std::string> ids;
        for (const auto& id : Gallery::load(file)->names()) {
            ids.push_back(id);
        }
        return ids;
    }

    void expectRefused(const std::string& why) {
        const std::string before = bytesOf(file);
        try {
            open();
            FAIL() << "expected: " << why;
        } catch (const std::exception& e) {
            EXPECT_THAT(e.what(), HasSubstr(file));
            EXPECT_THAT(e.what(), HasSubstr(why));
        }
        EXPECT_EQ(bytesOf(file), before);
        EXPECT_FALSE(fs::exists(dir.path() + "/.visitors.gallery.lock"));
    }

    TempDir dir;
    std::string file = dir.path() + "/visitors.gallery";
    Visitors::Limits limits;
    Visitors::Options options;
    std::atomic<std::int64_t> clock{1796029383};  // 2026-11-30T09:03:03Z
    cv::Ptr<cv::drgan::Encoder> encoder = cv::drgan::Encoder::create(drgan_test::tinyEncoder());
    std::mutex mutex;
    std::vector<std::string> problems;
    std::unique_ptr<Visitors> visitors;  // the last: its thread reports to the others
};

TEST_F(KeptVisitors, HaveRandomIdsAndAreFoundAgainAfterARestart) {
    open();
    const std::string ann = visitors->add(pictures(0));
    const std::string bob = visitors->add(pictures(1));
    EXPECT_THAT(ann, MatchesRegex("visitor-[a-z2-7]{12}"));
    EXPECT_NE(ann, bob);
    EXPECT_EQ(who(0), ann);
    EXPECT_EQ(who(1), bob);
    EXPECT_EQ(who(2), "");
    open();
    EXPECT_EQ(who(0), ann);
    EXPECT_EQ(who(1), bob);
    cv::Mat embedding;
    double total = 0;
    int images = 0;
    visitors->gallery().person(ann, embedding, total, images);
    EXPECT_EQ(total, 1.5);
    EXPECT_EQ(images, 3);
    EXPECT_EQ(cv::norm(embedding, axis(0)), 0);
}

TEST_F(KeptVisitors, HaveTheirTimesInTheFileWhichOnlyItsOwnerMayRead) {
    open();
    const std::string ann = visitors->add(pictures(0));
    clock += 2 * day + 1;
    visitors->see(ann);
    visitors.reset();
    EXPECT_THAT(Gallery::load(file)->pictures(ann), ElementsAre("2026-11-30T09:03:03Z/2026-12-02T09:03:04Z"));
    struct stat s {};
    ASSERT_EQ(stat(file.c_str(), &s), 0);
    EXPECT_EQ(s.st_mode & 0777, 0600U);
}

TEST_F(KeptVisitors, AreDroppedWhenTheyWereNotSeenForTheDays) {
    limits.days = 30;
    open();
    const std::string ann = visitors->add(pictures(0));
    const std::string bob = visitors->add(pictures(1));
    clock += 29 * day;
    visitors->setLimits(limits);
    visitors->see(ann);
    EXPECT_EQ(who(1), bob);
    clock += day;
    visitors->setLimits(limits);
    EXPECT_EQ(who(0), ann);
    EXPECT_EQ(who(1), "");
    EXPECT_TRUE(waitFor([&] { return inFile() == std::vector<std::string>{ann}; }));
    clock += 28 * day;
    open();
    EXPECT_EQ(who(0), ann) << "the time at which she was seen is in the file";
    visitors.reset();
    clock += day;
    open();
    EXPECT_EQ(who(0), "") << "expired while nothing ran";
    visitors->see(ann);  // is no error
    visitors->learn(ann, pictures(0), false);
    EXPECT_TRUE(waitFor([&] { return inFile().empty(); }));
}

TEST_F(KeptVisitors, AreLimitedToThoseSeenLast) {
    limits.most = 2;
    open();
    const std::string ann = visitors->add(pictures(0));
    clock += 1;
    const std::string bob = visitors->add(pictures(1));
    clock += 1;
    visitors->see(ann);
    clock += 1;
    const std::string eve = visitors->add(pictures(2));
    EXPECT_EQ(who(0), ann);
    EXPECT_EQ(who(1), "") << "seen longest ago";
    EXPECT_EQ(who(2), eve);
    limits.most = 1;
    visitors->setLimits(limits);
    EXPECT_EQ(who(0), "");
    EXPECT_EQ(who(2), eve);
    limits.most = 2;
    open();
    EXPECT_THAT(inFile(), ElementsAre(eve));
    visitors->add(pictures(1));
    limits.most = 1;
    open();
    EXPECT_EQ(visitors->gallery().size(), 1) << "the limit holds from the start on";
}

TEST_F(KeptVisitors, AreForgottenInTheFileAtOnce) {
    open();
    const std::string ann = visitors->add(pictures(0));
    const std::string bob = visitors->add(pictures(1));
    options.interval = std::chrono::hours(1);
    open();
    EXPECT_THAT(inFile(), UnorderedElementsAre(ann, bob));
    EXPECT_TRUE(visitors->forget(ann));
    EXPECT_FALSE(visitors->forget(ann));
    EXPECT_FALSE(visitors->forget("visitor-"));
    EXPECT_EQ(who(0), "");
    EXPECT_TRUE(waitFor([&] { return inFile() == std::vector<std::string>{bob}; }));
    EXPECT_EQ(bytesOf(file).find(ann), std::string::npos);
    EXPECT_NE(visitors->add(pictures(0)), ann);
}

TEST_F(KeptVisitors, LearnFromEachVisit) {
    open();
    const auto imagesOf = [&](const std::string& id) {
        cv::Mat embedding;
        double total = 0;
        int images = 0;
        visitors->gallery().person(id, embedding, total, images);
        EXPECT_EQ(total, 0.5 * images);
        return images;
    };
    const std::string ann = visitors->add(pictures(0, 3));
    visitors->learn(ann, pictures(0, 8), true);
    EXPECT_EQ(imagesOf(ann), 8) << "the three are among them";
    visitors->learn(ann, pictures(0, 5), false);
    EXPECT_EQ(imagesOf(ann), 13);
    open();
    EXPECT_EQ(imagesOf(ann), 13);
}

TEST_F(KeptVisitors, AreSavedWhileTheElementPlays) {
    open();
    const std::string ann = visitors->add(pictures(0));
    EXPECT_TRUE(waitFor([&] { return inFile() == std::vector<std::string>{ann}; }));
    const auto seenInFile = [&] { return std::string(Gallery::load(file)->pictures(ann).front()).substr(21); };
    clock += 299;
    visitors->see(ann);
    std::this_thread::sleep_for(20 * options.interval);
    EXPECT_EQ(seenInFile(), "2026-11-30T09:03:03Z") << "not worth writing the file";
    clock += 1;
    visitors->see(ann);
    EXPECT_TRUE(waitFor([&] { return seenInFile() == "2026-11-30T09:08:03Z"; }));
    EXPECT_THAT(reported(), IsEmpty());
}

TEST_F(KeptVisitors, SurviveACrash) {
    const auto crash = [&] {
        open();
        const std::string ann = visitors->add(pictures(0));
        waitFor([&] { return inFile() == std::vector<std::string>{ann}; });
        options.interval = std::chrono::hours(1);
        open();
        visitors->add(pictures(1));
        std::raise(SIGKILL);
    };
    EXPECT_EXIT(crash(), testing::KilledBySignal(SIGKILL), "");
    open();  // the lock is gone with the process
    EXPECT_NE(who(0), "");
    EXPECT_EQ(who(1), "") << "had not been saved";
}

TEST_F(KeptVisitors, OverwriteNoFileThatTheyCannotRead) {
    std::ofstream(file, std::ios::binary) << "";
    expectRefused("");
    std::ofstream(file, std::ios::binary) << "no gallery at all";
    expectRefused("");
    fs::remove(file);
    open();
    visitors->add(pictures(0));
    visitors.reset();
    std::string damaged = bytesOf(file);
    damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 4);
    std::ofstream(file, std::ios::binary) << damaged;
    expectRefused("");
    Gallery::createEmpty(8, "somebody-elses")->save(file);
    expectRefused("somebody-elses");
}

TEST_F(KeptVisitors, OverwriteNoGalleryOfOthers) {
    const std::string times = "2026-11-30T09:03:03Z/2026-11-30T09:03:03Z";
    const std::pair<const char*, std::string> wrong[] = {
        {"Ada", times},
        {"visitor-Aaaaaaaaaaaa", times},
        {"visitor-aaaaaaaaaaa", times},
        {"visitor-aaaaaaaaaaaa", "door track 1"},
        {"visitor-aaaaaaaaaaaa", "2026-11-30T09:03:03Z"},
        {"visitor-aaaaaaaaaaaa", "2026-11-30T09:03:03Z/2026-11-30T09:03:03Zx"}};
    for (const auto& [name, picture] : wrong) {
        const auto gallery = Gallery::createEmpty(8, "tiny");
        gallery->addPicture(name, axis(0), 1.5, 3, picture);
        gallery->save(file);
        expectRefused(name);
    }
    const auto gallery = Gallery::createEmpty(8, "tiny");
    gallery->addFused("visitor-aaaaaaaaaaaa", axis(0), 1.5, 3);
    gallery->save(file);
    expectRefused("visitor-aaaaaaaaaaaa");
}

TEST_F(KeptVisitors, KeepTheThresholdsOfTheirFile) {
    const auto gallery = Gallery::createEmpty(8, "tiny");
    cv::drgan::Thresholds thresholds;
    thresholds.rates = {0.1, 0.01};
    thresholds.cosines = {0.2F, 0.3F};
    gallery->setThresholds(thresholds);
    gallery->save(file);
    open();
    EXPECT_EQ(visitors->gallery().thresholds().cosines, thresholds.cosines);
    visitors->add(pictures(0));
    visitors.reset();
    EXPECT_EQ(Gallery::load(file)->thresholds().cosines, thresholds.cosines);
}

TEST_F(KeptVisitors, HaveTheirFileForThemselves) {
    open();
    try {
        const Visitors other(
            encoder, file, limits, [](const std::string&) {}, options);
        FAIL();
    } catch (const std::exception& e) {
        EXPECT_THAT(e.what(), HasSubstr(file));
    }
    visitors.reset();
    EXPECT_NO_THROW(Visitors(
        encoder, file, limits, [](const std::string&) {}, options));
}

TEST_F(KeptVisitors, TellAtTheStartIfTheFileCannotBeWritten) {
    file = dir.path() + "/missing/visitors.gallery";
    EXPECT_THROW(open(), std::exception);
}

TEST_F(KeptVisitors, TellOnceIfTheFileCannotBeWrittenAnyMoreAndTryAgain) {
    const std::string folder = dir.path() + "/folder";
    fs::create_directory(folder);
    file = folder + "/visitors.gallery";
    open();
    fs::remove_all(folder);
    const std::string ann = visitors->add(pictures(0));
    EXPECT_TRUE(waitFor([&] { return !reported().empty(); }));
    std::this_thread::sleep_for(20 * options.interval);
    ASSERT_EQ(reported().size(), 1U) << "told once";
    EXPECT_THAT(reported().front(), HasSubstr(file));
    fs::create_directory(folder);
    EXPECT_TRUE(waitFor([&] { return fs::exists(file) && inFile() == std::vector<std::string>{ann}; }));
}

TEST_F(KeptVisitors, ServeThreadsAtOnce) {
    options.interval = std::chrono::milliseconds(1);
    limits.most = 150;  // more than are copied at once
    open();
    std::atomic<bool> done{false};
    std::atomic<int> forgotten{0};
    std::thread other([&] {
        while (!done) {
            const auto ids = visitors->gallery().names();
            forgotten += !ids.empty() && visitors->forget(ids[ids.size() / 2]) ? 1 : 0;
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    });
    for (int i = 0; i < 1000 || forgotten == 0; ++i) {
        clock += 1;
        const std::string id = visitors->add(pictures(i % 8));
        visitors->see(id);
        visitors->learn(id, pictures(i % 8), i % 2 == 0);
        visitors->setLimits(limits);
    }
    done = true;
    other.join();
    EXPECT_LE(visitors->gallery().size(), 150);
    const auto left = visitors->gallery().names();
    visitors.reset();
    EXPECT_THAT(inFile(), testing::ElementsAreArray(left));
    EXPECT_THAT(reported(), IsEmpty());
}

}  // namespace
