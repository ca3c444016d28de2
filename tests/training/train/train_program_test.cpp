// SPDX-License-Identifier: Apache-2.0
//
// drgan-train as a program: runs that are killed, full disks, corrupt pictures, and runs with several processes.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstring>
#include <map>
#include <thread>

#include "io/safetensors.hpp"
#include "small_face_set.hpp"
#include "temporary_folder.hpp"

namespace fs = std::filesystem;
using drgan::io::SafetensorsFile;
using drgan::test::readText;
using testing::HasSubstr;
using Strings = std::vector<std::string>;

namespace {

/// A running drgan-train, with its output in a file.
class Process {
public:
    Process(const Strings& arguments, const std::string& log, const std::map<std::string, std::string>& environment,
            rlim_t largestFile = RLIM_INFINITY) {
        Strings all{std::getenv("DRGAN_TRAIN_PROGRAM")};
        all.insert(all.end(), arguments.begin(), arguments.end());
        id_ = ::fork();
        if (id_ != 0) {
            return;
        }
        const int file = ::open(log.c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0644);
        ::dup2(file, STDOUT_FILENO);
        ::dup2(file, STDERR_FILENO);
        for (const auto& [name, value] : environment) {
            ::setenv(name.c_str(), value.c_str(), 1);
        }
        if (largestFile != RLIM_INFINITY) {
            ::signal(SIGXFSZ, SIG_IGN);  // so that writing fails, as on a full disk
            const rlimit limit{largestFile, largestFile};
            ::setrlimit(RLIMIT_FSIZE, &limit);
        }
        std::vector<char*> argv;
        for (std::string& a : all) {
            argv.push_back(a.data());
        }
        argv.push_back(nullptr);
        ::execv(argv[0], argv.data());
        ::_exit(127);
    }
    ~Process() { wait(SIGKILL); }
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    /// @param signal signal to send first; 0: none
    /// @return the exit status; -1: ended by a signal
    int wait(int signal = 0) {
        if (id_ > 0) {
            int status = 0;
            if (signal != 0) {
                ::kill(id_, signal);
            }
            ::waitpid(id_, &status, 0);
            id_ = 0;
            result_ = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        }
        return result_;
    }

private:
    pid_t id_ = 0;
    int result_ = -1;
};

std::string freePort() {
    const int s = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    ::bind(s, reinterpret_cast<sockaddr*>(&address), length);
    ::getsockname(s, reinterpret_cast<sockaddr*>(&address), &length);
    ::close(s);
    return std::to_string(ntohs(address.sin_port));
}

struct Distance {
    double largest = 0, mean = 0;
};

/// The distance of two checkpoints' weights.
Distance distance(const std::string& a, const std::string& b, const std::string& prefix = "") {
    const SafetensorsFile left(a), right(b);
    EXPECT_EQ(left.names().size(), right.names().size());
    Distance result;
    double count = 0;
    for (const auto& name : left.names()) {
        const auto &x = left.at(name), &y = right.at(name);
        // Nothing depends on a bias before batch normalisation: its gradient is only rounding error, which Adam
        // amplifies.
        const bool idle = name.find("decoder.Gemm1.bias") != std::string::npos;
        if (x.dtype != "F32" || name.rfind(prefix, 0) != 0 || idle) {
            continue;
        }
        EXPECT_EQ(x.bytes, y.bytes) << name;
        std::vector<float> f(x.bytes / 4), g(y.bytes / 4);
        std::memcpy(f.data(), x.data, x.bytes);
        std::memcpy(g.data(), y.data, y.bytes);
        for (size_t i = 0; i < f.size(); ++i) {
            const double apart = std::abs(f[i] - g[i]);
            result.largest = std::max(result.largest, apart);
            result.mean += apart;
            ++count;
        }
    }
    result.mean /= std::max(1.0, count);
    return result;
}

class TrainProgram : public testing::Test {
protected:
    void SetUp() override {
        if (!std::getenv("DRGAN_TRAIN_PROGRAM")) {
            GTEST_SKIP() << "DRGAN_TRAIN_PROGRAM does not name drgan-train";
        }
        writeSmallFaceSet(faces_, {});
    }

    Strings arguments(const std::string& stage, const std::string& run, const Strings& more, int persons = 4) const {
        Strings all{stage, "--faces", faces_, "--run", folder_ / run};
        auto add = [&](const Strings& options) { all.insert(all.end(), options.begin(), options.end()); };
        add({"--warmup", "2", "--averaging", "0.9", "--log-every", "1", "--threads", "1"});
        if (stage != "aligner" && stage != "detector") {
            add({"--encoder-width", "0.1", "--embedding-size", "8"});
            add({"--persons", std::to_string(persons), "--pictures", "2"});
        }
        if (stage == "decoder" || stage == "joint") {
            add({"--decoder-width", "0.1", "--discriminator-width", "0.1", "--poses", "-60,0,60"});
        }
        for (const auto& [option, value] :
             {std::pair{"--precision", "float32"}, {"--memory-format", "channels-last"}}) {
            if (std::find(more.begin(), more.end(), option) == more.end()) {  // equal runs give equal results
                add({option, value});
            }
        }
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }

    /// Runs it to the end. @return its output
    std::string run(const Strings& all, int expected = 0, rlim_t largestFile = RLIM_INFINITY) const {
        const std::string log = folder_ / "log";
        Process process(all, log, {}, largestFile);
        EXPECT_EQ(process.wait(), expected) << readText(log);
        return readText(log);
    }

    /// Runs it with two processes.
    std::string runTwo(const Strings& all) const {
        const std::string port = freePort();
        auto start = [&](int rank) {
            return std::make_unique<Process>(all, folder_ / ("log" + std::to_string(rank)),
                                             std::map<std::string, std::string>{{"RANK", std::to_string(rank)},
                                                                                {"WORLD_SIZE", "2"},
                                                                                {"MASTER_ADDR", "127.0.0.1"},
                                                                                {"MASTER_PORT", port}});
        };
        const auto first = start(0), second = start(1);
        EXPECT_EQ(first->wait(), 0) << readText(folder_ / "log0");
        EXPECT_EQ(second->wait(), 0) << readText(folder_ / "log1");
        return readText(folder_ / "log0") + readText(folder_ / "log1");
    }

    std::string last(const std::string& run) const { return folder_ / (run + "/last.safetensors"); }

    drgan::test::TemporaryFolder folder_;
    std::string faces_ = folder_ / "faces.safetensors";
};

TEST_F(TrainProgram, GoesOnAfterBeingKilledAsIfNothingHadHappened) {
    const Strings more{"--steps", "40", "--checkpoint-every", "1"};
    run(arguments("encoder", "whole", more));
    {
        Process process(arguments("encoder", "killed", more), folder_ / "log", {});
        for (int i = 0; i < 3000 && !fs::exists(folder_ / "killed/step-000003.safetensors"); ++i) {
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        process.wait(SIGKILL);
    }
    ASSERT_TRUE(fs::exists(last("killed")));
    EXPECT_NE(SafetensorsFile(last("killed")).metadata().at("step"), "40");
    Strings resumed = more;
    resumed.emplace_back("--resume");
    run(arguments("encoder", "killed", resumed));
    EXPECT_LT(distance(last("whole"), last("killed")).largest, 1e-6);
}

TEST_F(TrainProgram, TheConfigSaysHowTheRunGoesOnAndAnotherHowItWent) {
    run(arguments("encoder", "run", {"--steps", "2"}));
    const std::string before = readText(folder_ / "run/config.toml");
    EXPECT_THAT(run(arguments("encoder", "run", {"--steps", "2", "--resume"})), HasSubstr("has done 2 of 2 steps"));
    EXPECT_EQ(readText(folder_ / "run/config.toml"), before);
    run(arguments("encoder", "run", {"--steps", "3", "--resume"}));
    EXPECT_EQ(readText(folder_ / "run/config-until-000002.toml"), before);
    const std::string after = readText(folder_ / "run/config.toml");
    EXPECT_THAT(after, HasSubstr("\nsteps=3\n"));
    EXPECT_THAT(after, HasSubstr("\nresume=false\n"));
}

TEST_F(TrainProgram, SaysHowFastItRunsAndKeepsIt) {
    const Strings automatic{"--precision", "auto", "--memory-format", "planes", "--steps", "1"};
    EXPECT_THAT(run(arguments("encoder", "run", automatic)), HasSubstr("memory format planes, precision "));
    const std::string config = readText(folder_ / "run/config.toml");
    EXPECT_THAT(config, HasSubstr("\nmemory-format=\"planes\"\n"));
    EXPECT_THAT(config, testing::ContainsRegex("\nprecision=\"(bf16|float32)\"\n"));
    const std::string said = run(
        arguments("encoder", "run", {"--precision", "auto", "--memory-format", "auto", "--steps", "2", "--resume"}));
    EXPECT_THAT(said, HasSubstr("(this run had planes; this run had "));
}

TEST_F(TrainProgram, AnAlignerThatWasTerminatedGoesOn) {
    SmallFaceSet how;
    how.side = 64;
    how.drawn = true;
    writeSmallFaceSet(faces_, how);
    const Strings more{"--steps", "60", "--aligner-width", "0.1", "--crops", "4"};
    run(arguments("aligner", "whole", more));
    const std::string log = folder_ / "stopped.log";
    {
        Process process(arguments("aligner", "stopped", more), log, {});
        for (int i = 0; i < 3000 && (!fs::exists(log) || readText(log).find("step 3/60") == std::string::npos); ++i) {
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        EXPECT_EQ(process.wait(SIGTERM), 0);
    }
    EXPECT_THAT(readText(log), HasSubstr("--resume continues"));
    EXPECT_NE(SafetensorsFile(last("stopped")).metadata().at("step"), "60");
    Strings resumed = more;
    resumed.emplace_back("--resume");
    run(arguments("aligner", "stopped", resumed));
    EXPECT_LT(distance(last("whole"), last("stopped")).largest, 1e-6);
}

TEST_F(TrainProgram, KeepsTheLastCheckpointsAndTheBest) {
    run(arguments("encoder", "run", {"--steps", "6", "--checkpoint-every", "1", "--keep", "2"}));
    Strings found;
    for (const auto& entry : fs::directory_iterator(folder_ / "run")) {
        if (entry.path().extension() == ".safetensors") {
            found.push_back(entry.path().filename().string());
        }
    }
    EXPECT_THAT(found, testing::UnorderedElementsAre("last.safetensors", "best.safetensors", "step-000005.safetensors",
                                                     "step-000006.safetensors"));
    EXPECT_LT(distance(folder_ / "run/step-000006.safetensors", last("run")).largest, 1e-9);
}

TEST_F(TrainProgram, NumberedCheckpointsAreThoseOfTheSteps) {
    const Strings more{"--steps", "7", "--checkpoint-every", "3", "--keep", "9"};
    run(arguments("encoder", "a", more));
    run(arguments("encoder", "b", more));
    for (const char* name : {"step-000003.safetensors", "step-000006.safetensors", "step-000007.safetensors"}) {
        EXPECT_LT(distance(folder_ / ("a/" + std::string(name)), folder_ / ("b/" + std::string(name))).largest, 1e-6);
    }
    EXPECT_FALSE(fs::exists(folder_ / "a/step-000004.safetensors"));
}

TEST_F(TrainProgram, HelpShowsWhatTheStageHeeds) {
    const std::string encoder = run({"encoder", "--help"}), decoder = run({"decoder", "--help"}),
                      aligner = run({"aligner", "--help"}), detector = run({"detector", "--help"});
    for (const std::string& text : {encoder, decoder, aligner, detector}) {
        EXPECT_THAT(text, HasSubstr("--checkpoint-every"));
    }
    EXPECT_THAT(decoder, HasSubstr("--stored-embeddings"));
    EXPECT_THAT(decoder, testing::Not(HasSubstr("--most-faces")));
    EXPECT_THAT(decoder, testing::Not(HasSubstr("--template-weight")));
    EXPECT_THAT(encoder, HasSubstr("--template-weight"));
    EXPECT_THAT(encoder, testing::Not(HasSubstr("--decoder-width")));
    EXPECT_THAT(detector, HasSubstr("--most-faces"));
    EXPECT_THAT(detector, testing::Not(HasSubstr("--encoder-width")));
    EXPECT_THAT(aligner, testing::Not(HasSubstr("--zoom")));
    EXPECT_THAT(run({"--help"}), testing::AllOf(HasSubstr("joint"), HasSubstr("detector")));
}

TEST_F(TrainProgram, CheckEndsBeforeTheRun) {
    run(arguments("encoder", "run", {"--check"}));
    EXPECT_FALSE(fs::exists(folder_ / "run"));
    EXPECT_THAT(run(arguments("encoder", "run", {"--check", "--most-faces", "2"}), 109), HasSubstr("of detector"));
}

TEST_F(TrainProgram, AFullDiskStopsTheRunAndLeavesTheLastCheckpoint) {
    run(arguments("encoder", "run", {"--steps", "2"}));
    const std::string before = readText(last("run"));
    const std::string said =
        run(arguments("encoder", "run", {"--steps", "4", "--resume"}), 1, static_cast<rlim_t>(before.size() / 2));
    EXPECT_THAT(said, HasSubstr("last.safetensors"));
    EXPECT_EQ(readText(last("run")), before);
    run(arguments("encoder", "run", {"--steps", "4", "--resume"}));
    EXPECT_EQ(SafetensorsFile(last("run")).metadata().at("step"), "4");
}

TEST_F(TrainProgram, ACorruptPictureIsReportedAndAnotherOneTaken) {
    std::string bytes = readText(faces_);
    size_t at = 0;
    for (int i = 0; i < 100; ++i) {  // about a third of the set, including all pictures of some people
        at = bytes.find("\xff\xd8\xff", at + 3);
        ASSERT_NE(at, std::string::npos);
        bytes.replace(at, 3, "bad");
    }
    drgan::test::writeText(faces_, bytes);
    const std::string said = run(arguments("encoder", "run", {"--steps", "5"}));
    EXPECT_THAT(said, HasSubstr("corrupt JPEG"));
    EXPECT_THAT(said, HasSubstr(faces_ + ": row "));
    EXPECT_THAT(said, HasSubstr("another picture is taken"));
    run(arguments("joint", "joint", {"--steps", "2", "--start", last("run")}));
}

TEST_F(TrainProgram, APersonMayHaveOnePicture) {
    SmallFaceSet how;
    how.pictures = 1;
    writeSmallFaceSet(faces_, how);
    run(arguments("encoder", "run", {"--steps", "3", "--turned-share", "0"}));
}

TEST_F(TrainProgram, HalfPrecisionLearnsTheSame) {
    for (const char* stage : {"encoder", "joint"}) {
        const std::string name(stage);
        const Strings more{"--steps", "3", "--rate", "1e-3"};
        Strings half = more;
        half.insert(half.end(), {"--precision", "bf16"});
        run(arguments(stage, name + "32", more));
        run(arguments(stage, name + "16", half));
        const double apart = distance(last(name + "32"), last(name + "16"), "encoder.").largest;
        EXPECT_GT(apart, 0) << stage;     // it has an effect
        EXPECT_LT(apart, 0.01) << stage;  // Adam moves a weight by at most 1e-3 per step
    }
}

class TwoProcesses : public TrainProgram, public testing::WithParamInterface<const char*> {};

TEST_P(TwoProcesses, LearnWhatOneDoesWithTheDoubledBatch) {
    const std::string stage = GetParam();
    Strings one{"--steps", "3", "--rate", "1e-3", "--seed", "3"};
    auto add = [&](const Strings& options) { one.insert(one.end(), options.begin(), options.end()); };
    if (stage != "decoder") {
        add({"--hold-weight", "0.5", "--pair-weight", "0.5", "--source-weight", "0.2", "--mirror-weight", "0.1"});
    }
    if (stage != "encoder") {
        run(arguments("encoder", "start", {"--steps", "1"}));
        add({"--targets", "2", "--start", last("start"), "--adversarial-weight", "0.1", "--perceptual-weight", "1"});
    }
    if (stage == "decoder") {
        add({"--stored-embeddings", folder_ / "embeddings.safetensors", "--stored-per-person", "2"});
    }
    run(arguments(stage, "one", one, 8));
    const std::string said = runTwo(arguments(stage, "two", one, 4));
    if (said.find("built without Gloo") != std::string::npos) {
        GTEST_SKIP() << "built without Gloo";
    }
    EXPECT_THAT(said, HasSubstr("process 2 of 2"));
    for (const char* network : {"encoder.", "decoder.", "averaged_", "discriminator."}) {
        // Adam moves every weight by up to the learning rate in each step, 3e-3 in all. If a gradient is nearly 0,
        // rounding decides: so compare the mean, with a hundredth of that as the limit.
        EXPECT_LT(distance(last("one"), last("two"), network).mean, 3e-5) << network;
    }
}

INSTANTIATE_TEST_SUITE_P(Stages, TwoProcesses, testing::Values("encoder", "decoder", "joint"),
                         [](const auto& info) { return std::string(info.param); });

TEST_F(TrainProgram, TheFirstOfTwoProcessesMeasures) {
    const std::string said =
        runTwo(arguments("encoder", "run", {"--precision", "auto", "--memory-format", "auto", "--steps", "1"}));
    if (said.find("built without Gloo") != std::string::npos) {
        GTEST_SKIP() << "built without Gloo";
    }
    const auto measured = said.find("measured, ms a step:");
    EXPECT_NE(measured, std::string::npos);
    EXPECT_EQ(said.find("measured, ms a step:", measured + 1), std::string::npos);
    EXPECT_TRUE(fs::exists(last("run")));
}

TEST_F(TrainProgram, TwoProcessesLearnInHalfPrecision) {
    for (const char* stage : {"encoder", "joint"}) {
        const std::string said = runTwo(arguments(stage, stage, {"--precision", "bf16", "--steps", "2"}));
        if (said.find("built without Gloo") != std::string::npos) {
            GTEST_SKIP() << "built without Gloo";
        }
        EXPECT_TRUE(fs::exists(last(stage))) << said;
    }
}

TEST_F(TrainProgram, NamesWhatSeveralProcessesLack) {
    const Strings all = arguments("encoder", "run", {"--steps", "1"});
    auto said = [&](const std::map<std::string, std::string>& environment) {
        Process process(all, folder_ / "log", environment);
        EXPECT_EQ(process.wait(), 1);
        return readText(folder_ / "log");
    };
    EXPECT_THAT(said({{"WORLD_SIZE", "2"}}), HasSubstr("RANK is not set, expected 0..1"));
    EXPECT_THAT(said({{"WORLD_SIZE", "two"}}), HasSubstr("WORLD_SIZE is 'two'"));
    EXPECT_THAT(said({{"WORLD_SIZE", "2"}, {"RANK", "2"}}), HasSubstr("RANK is '2', expected 0..1"));
}

}  // namespace
