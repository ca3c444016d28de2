// SPDX-License-Identifier: Apache-2.0
#include "results.hpp"

#include <gst/video/video.h>

#include <nlohmann/json.hpp>
#include <opencv2/imgproc.hpp>
#include <stdexcept>

namespace drgan::examples {

namespace {

/// The RGB picture in a field, as BGR.
cv::Mat readPicture(const GstStructure* fields, const char* name) {
    const GValue* value = gst_structure_get_value(fields, name);
    if (value == nullptr || !G_VALUE_HOLDS(value, GST_TYPE_SAMPLE)) {
        return {};
    }
    auto* sample = static_cast<GstSample*>(g_value_get_boxed(value));
    GstVideoInfo info;
    GstVideoFrame frame;
    if (sample == nullptr || gst_sample_get_caps(sample) == nullptr || gst_sample_get_buffer(sample) == nullptr ||
        !gst_video_info_from_caps(&info, gst_sample_get_caps(sample)) ||
        GST_VIDEO_INFO_FORMAT(&info) != GST_VIDEO_FORMAT_RGB ||
        !gst_video_frame_map(&frame, &info, gst_sample_get_buffer(sample), GST_MAP_READ)) {
        return {};
    }
    const cv::Mat rgb(GST_VIDEO_FRAME_HEIGHT(&frame), GST_VIDEO_FRAME_WIDTH(&frame), CV_8UC3,
                      GST_VIDEO_FRAME_PLANE_DATA(&frame, 0),
                      static_cast<size_t>(GST_VIDEO_FRAME_PLANE_STRIDE(&frame, 0)));
    cv::Mat bgr;
    cv::cvtColor(rgb, bgr, cv::COLOR_RGB2BGR);
    gst_video_frame_unmap(&frame);
    return bgr;
}

std::vector<float> readEmbedding(const GstStructure* fields) {
    std::vector<float> embedding;
    const GValue* value = gst_structure_get_value(fields, "embedding");
    if (value != nullptr && GST_VALUE_HOLDS_ARRAY(value)) {
        for (guint i = 0; i < gst_value_array_get_size(value); ++i) {
            embedding.push_back(g_value_get_float(gst_value_array_get_value(value, i)));
        }
    }
    return embedding;
}

nlohmann::json time(GstClockTime value) {
    return GST_CLOCK_TIME_IS_VALID(value) ? nlohmann::json(value) : nlohmann::json();
}

}  // namespace

std::optional<Result> readResult(GstMessage* message) {
    const GstStructure* fields = gst_message_get_structure(message);
    if (GST_MESSAGE_TYPE(message) != GST_MESSAGE_ELEMENT || fields == nullptr ||
        !gst_structure_has_name(fields, "drganfrontalize")) {
        return std::nullopt;
    }
    Result result;
    const char* event = gst_structure_get_string(fields, "event");
    result.event = event == nullptr ? "" : event;
    guint x = 0;
    guint y = 0;
    guint width = 0;
    guint height = 0;
    gst_structure_get(fields, "track-id", G_TYPE_UINT, &result.trackId, "x", G_TYPE_UINT, &x, "y", G_TYPE_UINT, &y,
                      "width", G_TYPE_UINT, &width, "height", G_TYPE_UINT, &height, "yaw", G_TYPE_DOUBLE, &result.yaw,
                      "confidence", G_TYPE_DOUBLE, &result.confidence, "images", G_TYPE_UINT, &result.images,
                      "total-confidence", G_TYPE_DOUBLE, &result.totalConfidence, nullptr);
    gst_structure_get(fields, "timestamp", G_TYPE_UINT64, &result.timestamp, "stream-time", G_TYPE_UINT64,
                      &result.streamTime, "running-time", G_TYPE_UINT64, &result.runningTime, "duration", G_TYPE_UINT64,
                      &result.duration, nullptr);
    result.box = cv::Rect(static_cast<int>(x), static_cast<int>(y), static_cast<int>(width), static_cast<int>(height));
    result.embedding = readEmbedding(fields);
    result.face = readPicture(fields, "face");
    result.frontal = readPicture(fields, "frontal");
    return result;
}

ResultFile::ResultFile(const std::string& file) : file_(file), stream_(file, std::ios::trunc) {
    if (!stream_) {
        throw std::runtime_error("cannot write the results " + file);
    }
}

void ResultFile::add(const Result& result) {
    nlohmann::ordered_json line;
    line["event"] = result.event;
    line["track_id"] = result.trackId;
    line["timestamp"] = time(result.timestamp);
    line["stream_time"] = time(result.streamTime);
    line["running_time"] = time(result.runningTime);
    line["duration"] = time(result.duration);
    line["x"] = result.box.x;
    line["y"] = result.box.y;
    line["width"] = result.box.width;
    line["height"] = result.box.height;
    line["yaw"] = result.yaw;
    line["confidence"] = result.confidence;
    line["images"] = result.images;
    line["total_confidence"] = result.totalConfidence;
    if (!result.embedding.empty()) {
        line["embedding"] = result.embedding;
    }
    stream_ << line.dump() << std::endl;
    if (!stream_) {
        throw std::runtime_error("cannot write the results " + file_ + ": is the disk full?");
    }
}

}  // namespace drgan::examples
