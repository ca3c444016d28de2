// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <opencv2/drgan.hpp>

#include "gallery_lock.hpp"
#include "tiny_onnx.hpp"

namespace {

namespace fs = std::filesystem;
using drgan::enrolment::GalleryLock;
using testing::HasSubstr;

std::string refusal(const std::string& gallery) {
    try {
        const GalleryLock lock(gallery, 0.1);
    } catch (const std::runtime_error& error) {
        return error.what();
    }
    return "locked";
}

TEST(GalleryLock, IsForOneAtATimeAndLeavesNothingBehind) {
    const drgan_test::TempDir dir;
    const std::string gallery = dir.path() + "/people.gallery";
    {
        const GalleryLock lock(gallery);
        EXPECT_THAT(refusal(gallery), HasSubstr("another program is changing it"));
        EXPECT_THAT(refusal(dir.path() + "/../" + fs::path(dir.path()).filename().native() + "/people.gallery"),
                    HasSubstr("another program"))
            << "the same file by another path";
        fs::create_symlink(gallery, dir.path() + "/link");
        EXPECT_EQ(refusal(dir.path() + "/other.gallery"), "locked");
    }
    EXPECT_EQ(refusal(gallery), "locked");
    fs::remove(dir.path() + "/link");
    EXPECT_TRUE(fs::is_empty(dir.path()));
    EXPECT_THAT(refusal("/no/such/folder/people.gallery"), HasSubstr("/no/such/folder"));
}

TEST(GalleryLock, OfALinkTheFileBehindItCounts) {
    const drgan_test::TempDir dir;
    cv::drgan::Gallery::createEmpty(2, "test")->save(dir.path() + "/people.gallery");
    fs::create_directories(dir.path() + "/links");
    fs::create_symlink(dir.path() + "/people.gallery", dir.path() + "/links/a");
    const GalleryLock lock(dir.path() + "/people.gallery");
    EXPECT_THAT(refusal(dir.path() + "/links/a"), HasSubstr("another program is changing it"));
}

// Six programs each add ten people at the same time: the result has sixty.
TEST(GalleryLock, NobodyIsLost) {
    const drgan_test::TempDir dir;
    const std::string gallery = dir.path() + "/people.gallery";
    cv::drgan::Gallery::createEmpty(2, "test")->save(gallery);
    constexpr int programs = 6, people = 10;
    for (int program = 0; program < programs; ++program) {
        if (::fork() == 0) {
            int status = 1;
            try {
                for (int i = 0; i < people; ++i) {
                    const GalleryLock lock(gallery);
                    const auto read = cv::drgan::Gallery::load(gallery);
                    read->add(cv::format("%d-%d", program, i), cv::Mat::ones(1, 2, CV_32F), 1);
                    read->save(gallery);
                }
                status = 0;
            } catch (const std::exception&) {
            }
            ::_exit(status);
        }
    }
    for (int program = 0; program < programs; ++program) {
        int status = 0;
        ::wait(&status);
        EXPECT_EQ(status, 0);
    }
    EXPECT_EQ(cv::drgan::Gallery::load(gallery)->size(), programs * people);
    EXPECT_EQ(std::distance(fs::directory_iterator(dir.path()), fs::directory_iterator()), 1);
}

}  // namespace
