// SPDX-License-Identifier: Apache-2.0
#include "results.hpp"

#include <gst/video/video.h>

#include <opencv2/imgproc.hpp>

namespace drgan::examples {

namespace {

std::string readText(const GstStructure* fields, const char* name) {
    const char* text = gst_structure_get_string(fields, name);
    return text == nullptr ? "" : text;
}

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

}  // namespace

std::optional<Result> readResult(GstMessage* message) {
    const GstStructure* fields = gst_message_get_structure(message);
    if (GST_MESSAGE_TYPE(message) != GST_MESSAGE_ELEMENT || fields == nullptr ||
        !gst_structure_has_name(fields, "drganfrontalize")) {
        return std::nullopt;
    }
    Result result;
    result.event = readText(fields, "event");
    result.name = readText(fields, "label");
    result.visitor = readText(fields, "visitor");
    gst_structure_get_double(fields, "similarity", &result.similarity);
    guint x = 0;
    guint y = 0;
    guint width = 0;
    guint height = 0;
    gst_structure_get(fields, "track-id", G_TYPE_UINT, &result.trackId, "x", G_TYPE_UINT, &x, "y", G_TYPE_UINT, &y,
                      "width", G_TYPE_UINT, &width, "height", G_TYPE_UINT, &height, "yaw", G_TYPE_DOUBLE, &result.yaw,
                      "confidence", G_TYPE_DOUBLE, &result.confidence, "images", G_TYPE_UINT, &result.images,
                      "total-confidence", G_TYPE_DOUBLE, &result.totalConfidence, nullptr);
    result.box = cv::Rect(static_cast<int>(x), static_cast<int>(y), static_cast<int>(width), static_cast<int>(height));
    result.face = readPicture(fields, "face");
    result.frontal = readPicture(fields, "frontal");
    return result;
}

}  // namespace drgan::examples
