// SPDX-License-Identifier: Apache-2.0
#include "clip_pipeline.hpp"

#include <gst/video/gstvideometa.h>
#include <gst/video/video.h>

#include <algorithm>
#include <chrono>
#include <opencv2/imgproc.hpp>
#include <opencv2/objdetect.hpp>
#include <opencv2/videoio.hpp>
#include <stdexcept>

namespace drgan::benchmarks {

namespace {

constexpr int fps = 25;

GstBuffer* makeBuffer(const cv::Mat& rgb, const cv::Rect& face, size_t index) {
    const size_t bytes = rgb.total() * rgb.elemSize();
    GstBuffer* buffer = gst_buffer_new_allocate(nullptr, bytes, nullptr);
    gst_buffer_fill(buffer, 0, rgb.data, bytes);
    GST_BUFFER_PTS(buffer) = gst_util_uint64_scale(index, GST_SECOND, fps);
    GST_BUFFER_DURATION(buffer) = GST_SECOND / fps;
    gst_buffer_add_video_region_of_interest_meta(buffer, "face", static_cast<guint>(face.x), static_cast<guint>(face.y),
                                                 static_cast<guint>(face.width), static_cast<guint>(face.height));
    return buffer;
}

std::string readError(GstMessage* message) {
    GError* error = nullptr;
    gst_message_parse_error(message, &error, nullptr);
    std::string why = error->message;
    g_error_free(error);
    return why;
}

}  // namespace

Clip readClip(const std::string& file, const std::string& cascade) {
    cv::VideoCapture capture(file);
    cv::CascadeClassifier classifier(cascade);
    if (!capture.isOpened() || classifier.empty()) {
        throw std::runtime_error("cannot read " + (capture.isOpened() ? cascade : file));
    }
    Clip clip;
    cv::Mat frame;
    while (capture.read(frame)) {
        cv::Mat rgb;
        cv::Mat grey;
        cv::cvtColor(frame, rgb, cv::COLOR_BGR2RGB);
        cv::cvtColor(frame, grey, cv::COLOR_BGR2GRAY);
        std::vector<cv::Rect> found;
        classifier.detectMultiScale(grey, found, 1.1, 5, 0, cv::Size(80, 80));
        const auto largest = std::max_element(found.begin(), found.end(),
                                              [](const auto& a, const auto& b) { return a.area() < b.area(); });
        if (largest == found.end() && clip.faces.empty()) {
            continue;
        }
        clip.faces.push_back(largest == found.end() ? clip.faces.back() : *largest);
        clip.frames.push_back(rgb);
    }
    if (clip.frames.empty()) {
        throw std::runtime_error("no face in " + file);
    }
    return clip;
}

Clip eightFaces(const Clip& clip) {
    constexpr int columns = 4;
    constexpr int rows = 2;
    const cv::Size tile(160, 240);
    Clip out;
    for (size_t i = 0; i < clip.frames.size(); ++i) {
        cv::Mat frame(tile.height * rows, tile.width * columns, CV_8UC3);
        for (int k = 0; k < columns * rows; ++k) {
            const size_t at = (i + static_cast<size_t>(k) * clip.frames.size() / (columns * rows)) % clip.frames.size();
            // The tile's shape around the face, which takes 0.6 of its width.
            const cv::Rect& face = clip.faces[at];
            const cv::Size size(face.width * 10 / 6, face.width * 10 * tile.height / (6 * tile.width));
            const cv::Point middle = (face.tl() + face.br()) / 2;
            const cv::Rect around(middle - cv::Point(size.width / 2, size.height / 2), size);
            const cv::Rect place(cv::Point(k % columns * tile.width, k / columns * tile.height), tile);
            const cv::Rect inside = around & cv::Rect(cv::Point(), clip.frames[at].size());
            cv::resize(clip.frames[at](inside), frame(place), tile, 0, 0, cv::INTER_AREA);
        }
        out.frames.push_back(frame);
        out.faces.emplace_back(tile.width / 5, (tile.height - tile.width) / 2, tile.width * 3 / 5, tile.width * 3 / 5);
    }
    return out;
}

double playClip(const Clip& clip, const std::string& elements) {
    const cv::Size size = clip.frames.front().size();
    const std::string description =
        "appsrc name=source format=time is-live=false block=true max-buffers=4 max-bytes=0 "
        "caps=video/x-raw,format=RGB,width=" +
        std::to_string(size.width) + ",height=" + std::to_string(size.height) + ",framerate=" + std::to_string(fps) +
        "/1 ! " + elements + " ! fakesink sync=false qos=false";
    GError* error = nullptr;
    GstElement* pipeline = gst_parse_launch(description.c_str(), &error);
    if (error != nullptr) {
        const std::string why = error->message;
        g_error_free(error);
        gst_clear_object(&pipeline);
        throw std::runtime_error(description + ": " + why);
    }
    GstElement* source = gst_bin_get_by_name(GST_BIN(pipeline), "source");
    gst_element_set_state(pipeline, GST_STATE_PLAYING);  // models load before this returns

    const auto start = std::chrono::steady_clock::now();
    for (size_t i = 0; i < clip.frames.size(); ++i) {
        GstBuffer* buffer = makeBuffer(clip.frames[i], clip.faces[i], i);
        GstFlowReturn flow = GST_FLOW_OK;
        g_signal_emit_by_name(source, "push-buffer", buffer, &flow);
        gst_buffer_unref(buffer);
        if (flow != GST_FLOW_OK) {
            break;
        }
    }
    GstFlowReturn flow = GST_FLOW_OK;
    g_signal_emit_by_name(source, "end-of-stream", &flow);
    GstBus* bus = gst_element_get_bus(pipeline);
    GstMessage* message = gst_bus_timed_pop_filtered(bus, 300 * GST_SECOND,
                                                     static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();

    std::string why = message == nullptr ? "no end of the stream within 300 s" : "";
    if (message != nullptr && GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
        why = readError(message);
    }
    gst_clear_message(&message);
    gst_object_unref(bus);
    gst_object_unref(source);
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(pipeline);
    if (!why.empty()) {
        throw std::runtime_error(elements + ": " + why);
    }
    return seconds;
}

}  // namespace drgan::benchmarks
