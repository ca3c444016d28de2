// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <fstream>
#include <future>
#include <sstream>
#include <system_error>

#include "core/results/line_file.hpp"
#include "tiny_onnx.hpp"

namespace {

using drgan::LineFile;
using testing::HasSubstr;

std::string contentOf(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

std::string drain(int fd) {
    std::string out;
    char bytes[4096];
    for (ssize_t n = 0; (n = read(fd, bytes, sizeof bytes)) > 0;) {
        out.append(bytes, static_cast<size_t>(n));
    }
    return out;
}

class LineFileTest : public testing::Test {
protected:
    std::string path(const char* name) const { return dir_.path() + "/" + name; }
    std::string pipe() const {
        const std::string p = path("pipe");
        EXPECT_EQ(mkfifo(p.c_str(), 0600), 0);
        return p;
    }
    LineFile file;

private:
    drgan_test::TempDir dir_;
};

TEST_F(LineFileTest, EmptiesTheFileAndHoldsNothingBack) {
    std::ofstream(path("lines")) << "of an earlier run\n";
    file.open(path("lines"));
    EXPECT_EQ(contentOf(path("lines")), "");
    EXPECT_EQ(file.append("one"), 0);
    EXPECT_EQ(contentOf(path("lines")), "one\n");
    EXPECT_EQ(file.append(""), 0);
    EXPECT_EQ(file.append("two"), 0);
    EXPECT_EQ(contentOf(path("lines")), "one\n\ntwo\n");
}

TEST_F(LineFileTest, TwoWritersOfOneFileLoseNoLine) {
    LineFile other;
    file.open(path("lines"));
    other.open(path("lines"));
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(file.append("a"), 0);
        EXPECT_EQ(other.append("b"), 0);
    }
    EXPECT_EQ(contentOf(path("lines")), "a\nb\na\nb\na\nb\n");
}

TEST_F(LineFileTest, AMinusIsStandardOutput) {
    const int before = dup(STDOUT_FILENO);
    const int lines = open(path("stdout").c_str(), O_WRONLY | O_CREAT, 0600);
    fflush(stdout);
    dup2(lines, STDOUT_FILENO);
    file.open("-");
    const int error = file.append("one");
    file.close();
    const bool open = fcntl(STDOUT_FILENO, F_GETFD) >= 0;
    dup2(before, STDOUT_FILENO);
    close(before);
    close(lines);
    EXPECT_EQ(error, 0);
    EXPECT_TRUE(open) << "the element must not close it";
    EXPECT_EQ(contentOf(path("stdout")), "one\n");
}

TEST_F(LineFileTest, WhatCannotBeOpenedIsNamed) {
    for (const std::string& bad : {path("no/such/folder"), path("")}) {
        try {
            file.open(bad);
            FAIL() << bad << " was opened";
        } catch (const std::system_error& e) {
            EXPECT_THAT(e.what(), HasSubstr(bad));
        }
        EXPECT_FALSE(file.isOpen());
        EXPECT_EQ(file.append("one"), EBADF);
    }
}

TEST_F(LineFileTest, AFullDiskIsAnError) {
    file.open("/dev/full");
    EXPECT_EQ(file.append("one"), ENOSPC);
    EXPECT_EQ(file.append("two"), ENOSPC);
}

TEST_F(LineFileTest, ALineThatDoesNotFitIsTakenBack) {
    file.open(path("lines"));
    rlimit before{};
    getrlimit(RLIMIT_FSIZE, &before);
    rlimit tight = before;
    tight.rlim_cur = 10;
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &tight), 0);
    const int fits = file.append("12345");
    const int isTooLong = file.append("6789012345");  // SIGXFSZ would end the process
    const int isShort = file.append("678");
    setrlimit(RLIMIT_FSIZE, &before);
    EXPECT_EQ(fits, 0);
    EXPECT_EQ(isTooLong, EFBIG);
    EXPECT_EQ(isShort, 0);
    EXPECT_EQ(contentOf(path("lines")), "12345\n678\n");
}

TEST_F(LineFileTest, ABrokenPipeIsAnErrorAndNoSignal) {
    ASSERT_EQ(signal(SIGPIPE, SIG_DFL), SIG_DFL) << "SIGPIPE would not end this process anyway";
    const std::string p = pipe();
    const int reader = open(p.c_str(), O_RDONLY | O_NONBLOCK);
    file.open(p);
    EXPECT_EQ(file.append("one"), 0);
    EXPECT_EQ(drain(reader), "one\n");
    close(reader);
    EXPECT_EQ(file.append("two"), EPIPE);
    EXPECT_EQ(file.append("three"), EPIPE);
    sigset_t pending;
    sigpending(&pending);
    EXPECT_EQ(sigismember(&pending, SIGPIPE), 0);
    sigset_t blocked;
    pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
    EXPECT_EQ(sigismember(&blocked, SIGPIPE), 0);
}

TEST_F(LineFileTest, APipeWithoutAReaderDoesNotHang) {
    const std::string p = pipe();
    EXPECT_THROW(file.open(p), std::system_error);
}

TEST_F(LineFileTest, WaitsForAPipesReaderUntilInterrupted) {
    const std::string p = pipe();
    const int reader = open(p.c_str(), O_RDONLY | O_NONBLOCK);
    file.open(p);
    const std::string line(1 << 20, 'x');  // more than a pipe holds
    auto appended = std::async(std::launch::async, [&] { return file.append(line); });
    std::string got;
    while (got.size() < line.size() + 1) {
        got += drain(reader);
    }
    EXPECT_EQ(appended.get(), 0);
    EXPECT_EQ(got, line + "\n");

    appended = std::async(std::launch::async, [&] { return file.append(line); });
    file.interrupt();
    EXPECT_EQ(appended.get(), ECANCELED);
    got = drain(reader);
    EXPECT_LT(got.size(), line.size());
    // A line break ends the incomplete line before the next one.
    EXPECT_EQ(file.append("next"), 0);
    EXPECT_EQ(drain(reader), got.empty() ? "next\n" : "\nnext\n");
    close(reader);
}

}  // namespace
