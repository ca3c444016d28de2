// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "core/results/event_json.hpp"

namespace {

using drgan::Event;
using drgan::FrameTimes;
using drgan::toJson;

Event event(Event::Kind kind) {
    Event e{kind, {}};
    e.track.id = 7;
    e.track.box = {-10, 20, 60, 50};
    e.track.yaw = -12.5F;
    e.track.confidence = 0.5F;
    e.track.images = 2;
    e.track.totalConfidence = 0.875;
    return e;
}

TEST(EventJson, HasTheFieldsInTheirOrder) {
    FrameTimes times;
    times.timestamp = 40000000;
    times.streamTime = 1;
    times.runningTime = 0;
    times.utc = 1796029383012999999;
    EXPECT_EQ(toJson(event(Event::Kind::created), {"door", "tiny"}, times, {320, 240}, true),
              R"({"schema":1,"source":"door","bundle":"tiny","utc":"2026-11-30T09:03:03.012Z",)"
              R"("timestamp":40000000,"stream_time":1,"running_time":0,"duration":null,"event":"track-new",)"
              R"("track_id":7,"x":0,"y":20,"width":50,"height":50,"yaw":-12.5,"confidence":0.5,"images":2,)"
              R"("total_confidence":0.875})");
}

TEST(EventJson, HasKeyNameAndEmbeddingWhereThereAreAny) {
    Event e = event(Event::Kind::updated);
    e.track.key = UINT64_MAX;
    e.track.label = "J\xC3\xBC\"\xFF";
    e.track.similarity = 0.25;
    e.track.embedding = (cv::Mat_<float>(1, 3) << 0.1F, -1, 0);
    const std::string common =
        R"({"schema":1,"source":"","bundle":"","utc":null,)"
        R"("timestamp":null,"stream_time":null,"running_time":null,"duration":null,"event":"track-updated",)"
        R"("track_id":7,"x":0,"y":20,"width":50,"height":50,"yaw":-12.5,"confidence":0.5,"images":2,)"
        R"("total_confidence":0.875,"upstream_id":18446744073709551615,"label":"Jü\"�","similarity":0.25)";
    EXPECT_EQ(toJson(e, {}, {}, {320, 240}, false), common + "}");
    EXPECT_EQ(toJson(e, {}, {}, {320, 240}, true), common + R"(,"embedding":[0.10000000149011612,-1.0,0.0]})");
}

TEST(EventJson, HasTheVisitorsIdWhereThereIsOne) {
    Event e = event(Event::Kind::lost);
    EXPECT_EQ(toJson(e, {}, {}, {320, 240}, false).find("visitor"), std::string::npos);
    e.track.visitor = "visitor-k3v7q2mdw5xa";
    EXPECT_NE(toJson(e, {}, {}, {320, 240}, false).find(R"("visitor":"visitor-k3v7q2mdw5xa"})"), std::string::npos);
}

TEST(EventJson, HasNoPartOfABoxBeyondTheFrame) {
    Event e = event(Event::Kind::lost);
    e.track.box = {300.4F, 250, 60, 50};
    const std::string line = toJson(e, {}, {}, {320, 240}, false);
    EXPECT_NE(line.find(R"("event":"track-lost")"), std::string::npos) << line;
    EXPECT_NE(line.find(R"("x":0,"y":0,"width":0,"height":0)"), std::string::npos) << line;
}

}  // namespace
