// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <thread>

#include "results/metrics.hpp"
#include "results/metrics_file.hpp"
#include "tiny_onnx.hpp"

namespace {

using drgan::FrameReport;
using drgan::Metrics;
using drgan::MetricsFile;
using drgan::Stage;
using drgan_test::TempDir;
using testing::HasSubstr;
using testing::Not;

std::string read(const std::string& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
}

Metrics someMetrics() {
    drgan::Statistics statistics;
    for (int i = 1; i <= 3; ++i) {
        FrameReport report;
        report.faces = 2;
        report.times[static_cast<size_t>(Stage::encode)] = 10.0 * i;
        statistics.add(report);
    }
    Metrics m;
    m.source = "Front \"door\"\\";
    m.bundle = "b-1";
    m.statistics = statistics.snapshot();
    m.messages = 7;
    m.delivery = Metrics::Delivery{5, 2, 1, true};
    return m;
}

TEST(Metrics, HaveCountersGaugesAndASummaryForEachStageThatRan) {
    const std::string text = drgan::toPrometheus(someMetrics());
    const std::string source = R"({source="Front \"door\"\\")";
    for (const auto& line :
         {"drgan_frames_total" + source + "} 3\n", "drgan_faces_total" + source + "} 6\n",
          "drgan_messages_total" + source + "} 7\n", "drgan_bundle_info" + source + ",bundle=\"b-1\"} 1\n",
          "drgan_mqtt_sent_total" + source + "} 5\n", "drgan_mqtt_queued" + source + "} 2\n",
          "drgan_mqtt_dropped_total" + source + "} 1\n", "drgan_mqtt_connected" + source + "} 1\n",
          "drgan_stage_seconds" + source + ",stage=\"encode\",quantile=\"0.5\"} 0.02\n",
          "drgan_stage_seconds_sum" + source + ",stage=\"encode\"} 0.06\n",
          "drgan_stage_seconds_count" + source + ",stage=\"encode\"} 3\n",
          std::string("# TYPE drgan_stage_seconds summary\n")}) {
        EXPECT_THAT(text, HasSubstr(line));
    }
    EXPECT_THAT(text, Not(HasSubstr("stage=\"detect\"")));
    Metrics without = someMetrics();
    without.delivery.reset();
    EXPECT_THAT(drgan::toPrometheus(without), Not(HasSubstr("mqtt")));
}

TEST(Metrics, PassPromtool) {
    if (std::system("command -v promtool > /dev/null") != 0) {
        GTEST_SKIP() << "NOT RUN, promtool (Debian's package prometheus) is not installed";
    }
    const TempDir dir;
    std::ofstream(dir.path() + "/metrics") << drgan::toPrometheus(someMetrics());
    const int status =
        std::system(("promtool check metrics < " + dir.path() + "/metrics > " + dir.path() + "/out 2>&1").c_str());
    EXPECT_EQ(status, 0) << read(dir.path() + "/out");
}

TEST(MetricsFile, IsReplacedAtIntervalsAndRemovedAtTheEnd) {
    const TempDir dir;
    const std::string path = dir.path() + "/door.prom";
    std::atomic<int> calls{0};
    {
        const MetricsFile file(
            path, std::chrono::milliseconds(20), [&] { return std::to_string(++calls); }, [](const auto&) {});
        EXPECT_EQ(read(path), "1") << "the first text is there at once";
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        while (calls < 4 && std::chrono::steady_clock::now() < end) {
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        EXPECT_GE(calls, 4);
        EXPECT_GE(std::stoi(read(path)), 3);
    }
    EXPECT_NE(access(path.c_str(), F_OK), 0);
}

TEST(MetricsFile, ThatCannotBeWrittenIsAnErrorAtFirstAndLaterToldOnce) {
    const TempDir dir;
    const auto text = [] { return std::string("x"); };
    EXPECT_THROW(MetricsFile(dir.path() + "/no/door.prom", std::chrono::seconds(1), text, [](const auto&) {}),
                 cv::Exception);
    const std::string folder = dir.path() + "/gone";
    ASSERT_EQ(mkdir(folder.c_str(), 0700), 0);
    std::atomic<int> failures{0};
    std::atomic<int> calls{0};
    const MetricsFile file(
        folder + "/door.prom", std::chrono::milliseconds(10),
        [&] {
            ++calls;
            return std::string("x");
        },
        [&](const std::string& why) {
            EXPECT_THAT(why, HasSubstr("door.prom"));
            ++failures;
        });
    ASSERT_EQ(std::rename(folder.c_str(), (folder + " elsewhere").c_str()), 0);  // at once, whatever is being written
    const int before = calls;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (calls < before + 5 && std::chrono::steady_clock::now() < end) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    EXPECT_EQ(failures, 1);
}

}  // namespace
