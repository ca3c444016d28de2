// SPDX-License-Identifier: Apache-2.0
//
// OpenCV's performance tests run on its ts, which is not installed with OpenCV. Outside of OpenCV's tree this file is
// found in its place: what the tests use of ts, on Google Benchmark.

#ifndef DRGAN_PERF_TS_ON_BENCHMARK_HPP
#define DRGAN_PERF_TS_ON_BENCHMARK_HPP

#include <benchmark/benchmark.h>

#include <cstdio>
#include <exception>
#include <opencv2/core.hpp>
#include <sstream>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

namespace cvtest {

struct SkipTestException : std::runtime_error {
    using std::runtime_error::runtime_error;
};

}  // namespace cvtest

namespace testing {

template <typename... T>
std::vector<std::common_type_t<T...>> Values(const T&... values) {
    return {values...};
}

}  // namespace testing

namespace perf {

/// Google Benchmark calls a test's body several times, with more and more iterations.
class TestBase {
public:
    virtual ~TestBase() = default;

    void run(benchmark::State& state) {
        state_ = &state;
        try {
            PerfTestBody();
            ++counts().passed;
        } catch (const cvtest::SkipTestException& skip) {
            ++counts().skipped;
            state.SkipWithError((std::string("SKIPPED: ") + skip.what()).c_str());
        } catch (const std::exception& error) {
            ++counts().failed;
            state.SkipWithError(error.what());
        }
    }

    struct Counts {
        int passed = 0, skipped = 0, failed = 0;
    };

    static Counts& counts() {
        static Counts all;
        return all;
    }

protected:
    virtual void PerfTestBody() = 0;
    bool next() { return state_->KeepRunning(); }

private:
    benchmark::State* state_ = nullptr;
};

template <typename T>
class TestBaseWithParam : public TestBase {
public:
    void setParam(const T& param) { param_ = param; }

protected:
    const T& GetParam() const { return param_; }

private:
    T param_{};
};

template <typename Test, typename Prepare>
void add(const std::string& name, Prepare prepare) {
    benchmark::RegisterBenchmark(name.c_str(),
                                 [prepare](benchmark::State& state) {
                                     Test test;
                                     prepare(test);
                                     test.run(state);
                                 })
        ->Unit(benchmark::kMicrosecond)
        ->UseRealTime();
}

template <typename Test>
bool addOne(const std::string& name) {
    add<Test>(name, [](Test&) {});
    return true;
}

template <typename Test, typename T>
bool addEach(const std::string& name, const std::vector<T>& params) {
    for (const T& param : params) {
        std::ostringstream text;
        text << name << "/" << param;
        add<Test>(text.str(), [param](Test& test) { test.setParam(param); });
    }
    return true;
}

/// @return 0; 1: a test failed or none was asked for; 2: wrong arguments; 77, which meson takes for skipped: all were
inline int runAll(int argc, char** argv) {
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    const size_t found = benchmark::RunSpecifiedBenchmarks();
    const TestBase::Counts& counts = TestBase::counts();
    if (counts.skipped > 0) {
        std::fprintf(stderr, "%d performance tests were SKIPPED, see the reasons above\n", counts.skipped);
    }
    if (counts.failed > 0 || found == 0) return 1;
    return counts.passed == 0 && counts.skipped > 0 ? 77 : 0;
}

}  // namespace perf

#define PERF_TEST(group, name)                                                          \
    class group##_##name : public perf::TestBase {                                      \
        void PerfTestBody() override;                                                   \
    };                                                                                  \
    const bool group##_##name##_added = perf::addOne<group##_##name>(#group "." #name); \
    void group##_##name::PerfTestBody()

#define PERF_TEST_P(fixture, name, params)                                                             \
    class fixture##_##name : public fixture {                                                          \
        void PerfTestBody() override;                                                                  \
    };                                                                                                 \
    const bool fixture##_##name##_added = perf::addEach<fixture##_##name>(#fixture "." #name, params); \
    void fixture##_##name::PerfTestBody()

#define TEST_CYCLE() while (next())

/// ts wants to be told that a test compares nothing with stored values.
#define SANITY_CHECK_NOTHING() static_cast<void>(0)

#define CV_PERF_TEST_MAIN(module) \
    int main(int argc, char** argv) { return perf::runAll(argc, argv); }

#endif
