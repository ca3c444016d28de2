// SPDX-License-Identifier: Apache-2.0
#include "event_json.hpp"

#include <nlohmann/json.hpp>
#include <vector>

#include "frame/face.hpp"
#include "utc.hpp"

namespace drgan {
namespace {

using Json = nlohmann::ordered_json;

Json asJson(std::uint64_t time) { return time == FrameTimes::unknown ? Json() : Json(time); }

}  // namespace

std::string toJson(const Event& event, const Origin& origin, const FrameTimes& times, cv::Size frame,
                   bool withEmbedding) {
    const TrackInfo& track = event.track;
    const cv::Rect box = pixelBox(track.box, frame);
    Json out = {{"schema", messageSchema},
                {"source", origin.source},
                {"bundle", origin.bundle},
                {"utc", times.utc == FrameTimes::unknown ? Json() : Json(utcText(times.utc))},
                {"timestamp", asJson(times.timestamp)},
                {"stream_time", asJson(times.streamTime)},
                {"running_time", asJson(times.runningTime)},
                {"duration", asJson(times.duration)},
                {"event", eventName(event.kind)},
                {"track_id", track.id},
                {"x", box.x},
                {"y", box.y},
                {"width", box.width},
                {"height", box.height},
                {"yaw", static_cast<double>(track.yaw)},
                {"confidence", static_cast<double>(track.confidence)},
                {"images", track.images},
                {"total_confidence", track.totalConfidence}};
    if (track.key) {
        out["upstream_id"] = *track.key;
    }
    if (!track.label.empty()) {
        out["label"] = track.label;
        out["similarity"] = track.similarity;
    }
    if (!track.visitor.empty()) {
        out["visitor"] = track.visitor;
    }
    if (withEmbedding && !track.embedding.empty()) {
        const auto* values = track.embedding.ptr<float>();
        out["embedding"] = std::vector<float>(values, values + track.embedding.total());
    }
    return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace drgan
