// SPDX-License-Identifier: Apache-2.0
#include "clip_pipeline.hpp"

#include <gst/video/gstvideometa.h>
#include <gst/video/video.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <opencv2/objdetect.hpp>
#include <opencv2/videoio.hpp>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>

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

void feed(GstElement* pipeline, const std::string& name, const Clip& clip, size_t frames) {
    GstElement* source = gst_bin_get_by_name(GST_BIN(pipeline), name.c_str());
    GstFlowReturn flow = GST_FLOW_OK;
    for (size_t i = 0; i < frames && flow == GST_FLOW_OK; ++i) {
        const size_t at = i % clip.frames.size();
        GstBuffer* buffer = makeBuffer(clip.frames[at], clip.faces[at], i);
        g_signal_emit_by_name(source, "push-buffer", buffer, &flow);
        gst_buffer_unref(buffer);
    }
    g_signal_emit_by_name(source, "end-of-stream", &flow);
    gst_object_unref(source);
}

/// The number of faces in a message of facedetect; 0 for other messages.
size_t facesIn(const GstStructure* structure) {
    const GValue* faces = gst_structure_has_name(structure, "facedetect") != FALSE
                              ? gst_structure_get_value(structure, "faces")
                              : nullptr;
    return faces != nullptr && GST_VALUE_HOLDS_LIST(faces) ? gst_value_list_get_size(faces) : 0;
}

/// The number of faces that drganfrontalize has counted; empty for other elements.
std::optional<size_t> facesInStats(GstElement* element) {
    if (g_object_class_find_property(G_OBJECT_GET_CLASS(element), "stats") == nullptr) {
        return std::nullopt;
    }
    GstStructure* stats = nullptr;
    g_object_get(element, "stats", &stats, nullptr);
    guint64 faces = 0;
    gst_structure_get_uint64(stats, "faces", &faces);
    gst_structure_free(stats);
    return faces;
}

/// The median box of the clip's face, because a crop that followed each box would jitter.
cv::Rect medianBox(const Clip& clip) {
    const auto median = [&](auto value) {
        std::vector<int> values;
        for (const auto& face : clip.faces) {
            values.push_back(value(face));
        }
        std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
        return values[values.size() / 2];
    };
    const int side = median([](const cv::Rect& r) { return r.width; });
    return {median([](const cv::Rect& r) { return r.x + r.width / 2; }) - side / 2,
            median([](const cv::Rect& r) { return r.y + r.height / 2; }) - side / 2, side, side};
}

Clip tiled(const Clip& clip, int faces, cv::Size grid, cv::Size size, size_t frames) {
    const cv::Rect box = medianBox(clip);
    const cv::Size tile(size.width / grid.width, size.height / grid.height);
    const double side = std::min(0.6 * std::min(tile.width, tile.height), 0.3 * size.height);
    const double scale = side / box.width;
    // The middle of the face is in the middle of the tile.
    const cv::Matx23d place(scale, 0, tile.width / 2. - scale * (box.x + box.width / 2.), 0, scale,
                            tile.height / 2. - scale * (box.y + box.height / 2.));
    Clip out;
    for (size_t i = 0; i < std::min(frames, clip.frames.size()); ++i) {
        cv::Mat frame(size, CV_8UC3, cv::Scalar::all(96));
        for (int k = 0; k < faces; ++k) {
            const size_t at =
                (i + static_cast<size_t>(k) * clip.frames.size() / static_cast<size_t>(faces)) % clip.frames.size();
            const cv::Point corner(k % grid.width * tile.width, k / grid.width * tile.height);
            cv::Mat part;
            cv::warpAffine(clip.frames[at], part, place, tile, cv::INTER_LINEAR, cv::BORDER_REPLICATE);
            part.copyTo(frame(cv::Rect(corner, tile)));
        }
        out.frames.push_back(frame);
        const int s = cvRound(side);
        out.faces.emplace_back((tile.width - s) / 2, (tile.height - s) / 2, s, s);
    }
    return out;
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

Clip manyFaces(const Clip& clip, int faces, cv::Size size, size_t frames) {
    const int columns = static_cast<int>(std::ceil(std::sqrt(faces)));
    return tiled(clip, faces, {columns, (faces + columns - 1) / columns}, size, frames);
}

Clip eightFaces(const Clip& clip) { return tiled(clip, 8, {4, 2}, {640, 480}, clip.frames.size()); }

Played playClip(const Clip& clip, const std::string& elements, size_t frames, size_t streams) {
    const cv::Size size = clip.frames.front().size();
    std::string description;
    for (size_t i = 0; i < streams; ++i) {
        description += "appsrc name=source" + std::to_string(i) +
                       " format=time is-live=false block=true max-buffers=4 max-bytes=0 "
                       "caps=video/x-raw,format=RGB,width=" +
                       std::to_string(size.width) + ",height=" + std::to_string(size.height) +
                       ",framerate=" + std::to_string(fps) + "/1 ! " + elements + " ! fakesink sync=false qos=false ";
    }
    GError* error = nullptr;
    GstElement* pipeline = gst_parse_launch(description.c_str(), &error);
    if (error != nullptr) {
        const std::string why = error->message;
        g_error_free(error);
        gst_clear_object(&pipeline);
        throw std::runtime_error(description + ": " + why);
    }
    gst_element_set_state(pipeline, GST_STATE_PLAYING);  // loads the models before it returns

    const auto start = std::chrono::steady_clock::now();
    std::vector<std::thread> feeders;
    for (size_t i = 0; i < streams; ++i) {
        feeders.emplace_back([&, i] { feed(pipeline, "source" + std::to_string(i), clip, frames); });
    }
    for (auto& feeder : feeders) {
        feeder.join();
    }
    GstBus* bus = gst_element_get_bus(pipeline);
    Played played;
    size_t facesOfFacedetect = 0;
    std::string why = "no end of the stream within 300 s";
    while (GstMessage* message = gst_bus_timed_pop_filtered(
               bus, 300 * GST_SECOND,
               static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR | GST_MESSAGE_ELEMENT))) {
        const auto type = GST_MESSAGE_TYPE(message);
        if (type == GST_MESSAGE_ELEMENT) {
            facesOfFacedetect += facesIn(gst_message_get_structure(message));
        } else {
            why = type == GST_MESSAGE_ERROR ? readError(message) : "";
        }
        gst_message_unref(message);
        if (type != GST_MESSAGE_ELEMENT) {
            break;
        }
    }
    played.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (GstElement* measured = gst_bin_get_by_name(GST_BIN(pipeline), "measured")) {
        played.faces =
            static_cast<double>(facesInStats(measured).value_or(facesOfFacedetect)) / static_cast<double>(frames);
        gst_object_unref(measured);
    }
    gst_object_unref(bus);
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(pipeline);
    if (!why.empty()) {
        throw std::runtime_error(elements + ": " + why);
    }
    return played;
}

}  // namespace drgan::benchmarks
