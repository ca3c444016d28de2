// SPDX-License-Identifier: Apache-2.0
//
// Whatever happens while a gallery is saved, either the old or the new file exists.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <thread>

#include "expect_error.hpp"
#include "gallery_people.hpp"
#include "tiny_onnx.hpp"

namespace fs = std::filesystem;
using cv::Mat;
using cv::drgan::Gallery;
using drgan_test::expectError;
using drgan_test::galleryOf;
using drgan_test::randomRows;
using drgan_test::sameContent;
using drgan_test::TempDir;

namespace {

std::vector<std::string> filesIn(const std::string& folder) {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
}

unsigned modeOf(const std::string& path) {
    struct stat info {};
    EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
    return info.st_mode & 07777;
}

class GallerySave : public testing::Test {
protected:
    TempDir dir;
    const std::string path = dir.path() + "/people.gallery";
    const cv::Ptr<Gallery> small = galleryOf(randomRows(3, 16, 1));
    const cv::Ptr<Gallery> large = galleryOf(randomRows(4000, 128, 2));  // two megabytes: several writes
};

}  // namespace

TEST_F(GallerySave, LeavesOneFile) {
    small->save(path);
    large->save(path);
    EXPECT_TRUE(sameContent(*Gallery::load(path), *large));
    EXPECT_EQ(filesIn(dir.path()), std::vector<std::string>{"people.gallery"});
}

TEST_F(GallerySave, ANewFileIsItsOwnersAlone) {
    const mode_t old = ::umask(0);
    small->save(path);
    ::umask(old);
    EXPECT_EQ(modeOf(path), 0600u);
    ASSERT_EQ(::chmod(path.c_str(), 0640), 0);
    large->save(path);
    EXPECT_EQ(modeOf(path), 0640u);  // existing permissions are kept
}

TEST_F(GallerySave, GoesThroughSymbolicLinks) {
    fs::create_directory(dir.path() + "/real");
    fs::create_symlink("real/a.gallery", dir.path() + "/relative");
    fs::create_symlink(dir.path() + "/relative", dir.path() + "/absolute");
    for (const char* const link : {"/relative", "/absolute"}) {
        for (const auto& gallery : {small, large}) {  // at first the file does not exist
            gallery->save(dir.path() + link);
            EXPECT_TRUE(fs::is_symlink(dir.path() + link));
            EXPECT_TRUE(sameContent(*Gallery::load(dir.path() + "/real/a.gallery"), *gallery));
        }
    }
    EXPECT_EQ(filesIn(dir.path() + "/real"), std::vector<std::string>{"a.gallery"});
    fs::create_symlink("loop", dir.path() + "/loop");
    expectError([&] { small->save(dir.path() + "/loop"); }, {"/loop", "cannot be written"});
}

TEST_F(GallerySave, TakesAPathWithoutAFolder) {
    const fs::path before = fs::current_path();
    fs::current_path(dir.path());
    small->save("people.gallery");
    fs::current_path(before);
    EXPECT_TRUE(sameContent(*Gallery::load(path), *small));
}

TEST_F(GallerySave, NamesWhatCannotBeWritten) {
    expectError([&] { small->save(""); }, {"path", "empty"});
    expectError([&] { small->save(std::string("a\0b", 3)); }, {"path", "zero byte"});
    expectError([&] { small->save(dir.path()); }, {dir.path(), "folder"});
    expectError([&] { small->save("/dev/null"); }, {"/dev/null", "device"});
    const std::string nowhere = dir.path() + "/none/people.gallery";
    expectError([&] { small->save(nowhere); }, {nowhere, "No such file or directory"});
    small->save(path);
    expectError([&] { small->save(path + "/people.gallery"); }, {path, "Not a directory"});
    ASSERT_TRUE(S_ISCHR([] {
        struct stat info {};
        ::stat("/dev/null", &info);
        return info.st_mode;
    }()));
}

TEST_F(GallerySave, AFullDiskLeavesTheOldFile) {
    small->save(path);
    rlimit before{};
    getrlimit(RLIMIT_FSIZE, &before);
    rlimit tight = before;
    for (const rlim_t limit : {rlim_t(0), rlim_t(100), rlim_t(1) << 20, rlim_t(1500000)}) {
        tight.rlim_cur = limit;
        ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &tight), 0);
        // By default the signal would end this process, which a library must not do.
        expectError([&] { large->save(path); }, {path, "File too large"});
        setrlimit(RLIMIT_FSIZE, &before);
        EXPECT_EQ(filesIn(dir.path()), std::vector<std::string>{"people.gallery"});
        EXPECT_TRUE(sameContent(*Gallery::load(path), *small));
    }
    sigset_t pending;
    sigpending(&pending);
    EXPECT_EQ(sigismember(&pending, SIGXFSZ), 0);
}

TEST_F(GallerySave, TwoAtATimeLeaveOneWholeFile) {
    for (int round = 0; round < 10; ++round) {
        std::vector<std::thread> writers;
        for (const auto& gallery : {small, large, small, large}) {
            writers.emplace_back([&, gallery] { gallery->save(path); });
        }
        for (std::thread& writer : writers) writer.join();
        const auto loaded = Gallery::load(path);
        EXPECT_TRUE(sameContent(*loaded, *small) || sameContent(*loaded, *large));
        EXPECT_EQ(filesIn(dir.path()), std::vector<std::string>{"people.gallery"});
    }
}

TEST_F(GallerySave, IsOfOneMomentWhileOthersChange) {
    // All people get a picture in turn, again and again. Picture n is 2n - 1 times the row, so that the mean of n
    // pictures is n times the row, and no person has more pictures than those before.
    constexpr int people = 2000;
    const Mat rows = randomRows(people, 256, 3);
    const auto gallery = galleryOf(rows);
    std::atomic<bool> done{false};
    std::atomic<int> changes{0};
    std::thread changing([&] {
        for (int n = 2; !done; ++n) {
            for (int i = 0; i < people && !done; ++i, ++changes) {
                gallery->add(drgan_test::personName(i), rows.row(i) * (2 * n - 1), 0.5f);
            }
        }
    });
    int whileChanging = 0;
    for (int file = 0; file < 10; ++file) {
        const int before = changes;
        gallery->save(path);
        whileChanging += changes > before;
        const auto loaded = Gallery::load(path);
        EXPECT_EQ(loaded->size(), people);
        const int first = drgan_test::personOf(*loaded, drgan_test::personName(0)).images;
        int last = first;
        for (int i = 0; i < people; ++i) {
            const auto known = drgan_test::personOf(*loaded, drgan_test::personName(i));
            const double off = cv::norm(known.embedding, rows.row(i) * known.images, cv::NORM_INF);
            if (known.images > last || known.images < first - 1 || off > 1e-4 * known.images) {
                ADD_FAILURE() << "file " << file << ", person " << i << ": " << known.images << " pictures where there "
                              << "are " << last << " of the one before, " << off << " off";
                break;
            }
            last = known.images;
        }
    }
    done = true;
    changing.join();
    EXPECT_GT(whileChanging, 0);
}

TEST_F(GallerySave, KilledAtAnyMomentItLeavesTheOldOrTheNewFile) {
    const auto begin = std::chrono::steady_clock::now();
    large->save(path);
    small->save(path);
    // The child takes about this long for both; some are killed before the first is done, some in a later round.
    const auto both = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begin);
    const int longest = static_cast<int>(std::min<int64_t>(3 * both.count() + 1000, 500000));
    cv::RNG random(4);
    int olds = 0, news = 0, killed = 0;
    for (int round = 0; round < 60; ++round) {
        const pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            for (int i = 0;; ++i) (i % 2 != 0 ? small : large)->save(path);
        }
        std::this_thread::sleep_for(std::chrono::microseconds(random.uniform(0, longest)));
        ::kill(child, SIGKILL);
        int status = 0;
        ::waitpid(child, &status, 0);
        killed += WIFSIGNALED(status);
        const auto loaded = Gallery::load(path);
        const bool old = sameContent(*loaded, *small);
        ASSERT_TRUE(old || sameContent(*loaded, *large)) << "round " << round;
        (old ? olds : news)++;
    }
    EXPECT_EQ(killed, 60);
    EXPECT_GT(olds, 0);
    EXPECT_GT(news, 0) << "never was there time to save";
    for (const std::string& name : filesIn(dir.path())) {  // the files left by killed processes
        EXPECT_TRUE(name == "people.gallery" || name.rfind(".drgan-", 0) == 0) << name;
    }
}
