// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <thread>

#include "core/results/statistics.hpp"

namespace {

using drgan::FrameReport;
using drgan::Stage;
using drgan::Statistics;

size_t at(Stage stage) { return static_cast<size_t>(stage); }

FrameReport frameOf(double milliseconds) {
    FrameReport r;
    r.times[at(Stage::encode)] = milliseconds;
    return r;
}

TEST(Statistics, SumsFramesAndWhatWasOnThem) {
    Statistics statistics;
    FrameReport r;
    r.faces = 3;
    r.created = 2;
    r.encoded.resize(4);
    statistics.add(r);
    r = {};
    r.skipped = true;
    r.faces = 1;
    statistics.add(r);
    auto s = statistics.snapshot();
    EXPECT_EQ(s.frames, 2U);
    EXPECT_EQ(s.skipped, 1U);
    EXPECT_EQ(s.faces, 4U);
    EXPECT_EQ(s.tracks, 2U);
    EXPECT_EQ(s.encodes, 4U);
    statistics.reset();
    s = statistics.snapshot();
    EXPECT_EQ(s.frames + s.skipped + s.faces + s.tracks + s.encodes, 0U);
}

TEST(Statistics, GivesMedianAnd99thPercentileOfTheStagesThatRan) {
    Statistics statistics;
    for (int i = 200; i > 0; --i) {
        statistics.add(frameOf(i));
    }
    const auto s = statistics.snapshot();
    ASSERT_TRUE(s.stages[at(Stage::encode)].has_value());
    EXPECT_EQ(s.stages[at(Stage::encode)]->median, 100);
    EXPECT_EQ(s.stages[at(Stage::encode)]->p99, 198);
    EXPECT_FALSE(s.stages[at(Stage::detect)].has_value());
    statistics.reset();
    EXPECT_FALSE(statistics.snapshot().stages[at(Stage::encode)].has_value());
    statistics.add(frameOf(7));
    EXPECT_EQ(statistics.snapshot().stages[at(Stage::encode)]->median, 7);
    EXPECT_EQ(statistics.snapshot().stages[at(Stage::encode)]->p99, 7);
}

TEST(Statistics, ForgetsTimesOlderThanTheWindow) {
    Statistics statistics;
    for (size_t i = 0; i < Statistics::window; ++i) {
        statistics.add(frameOf(1000));
    }
    // The largest 1 % of the window is 10 values.
    for (size_t i = 0; i < Statistics::window - 11; ++i) {
        statistics.add(frameOf(1));
    }
    EXPECT_EQ(statistics.snapshot().stages[at(Stage::encode)]->p99, 1000);
    statistics.add(frameOf(1));
    EXPECT_EQ(statistics.snapshot().stages[at(Stage::encode)]->p99, 1);
}

TEST(Statistics, TimersAddUpUnlessNothingWasToBeDone) {
    drgan::StageTimes times;
    { drgan::StageTimer(times, Stage::align).dismiss(); }
    EXPECT_FALSE(times[at(Stage::align)].has_value());
    times[at(Stage::align)] = 1000;
    { const drgan::StageTimer timer(times, Stage::align); }
    EXPECT_GT(*times[at(Stage::align)], 1000);
    EXPECT_FALSE(times[at(Stage::draw)].has_value());
}

TEST(Statistics, MayBeReadWhileTheyGrow) {
    Statistics statistics;
    std::thread writer([&] {
        for (int i = 1; i <= 3000; ++i) {
            statistics.add(frameOf(i));
        }
    });
    std::uint64_t last = 0;
    for (int i = 0; i < 100; ++i) {
        const auto s = statistics.snapshot();
        EXPECT_GE(s.frames, last);
        last = s.frames;
    }
    writer.join();
    EXPECT_EQ(statistics.snapshot().frames, 3000U);
}

}  // namespace
