// SPDX-License-Identifier: Apache-2.0
#include "player.hpp"

#include <chrono>
#include <opencv2/imgproc.hpp>
#include <opencv2/videoio.hpp>
#include <stdexcept>

#include "run_pipeline.hpp"

namespace drgan_soak {
namespace {

constexpr guint64 frameTime = GST_SECOND / 25;
constexpr guint64 mostWaiting = 4;  // frames

GstElement* parse(const std::string& description) {
    GError* error = nullptr;
    GstElement* pipeline = gst_parse_launch(description.c_str(), &error);
    if (error != nullptr) {
        const std::string why = description + ": " + error->message;
        g_error_free(error);
        gst_clear_object(&pipeline);
        throw std::runtime_error(why);
    }
    return pipeline;
}

}  // namespace

Clip readClip(const std::string& file) {
    cv::VideoCapture capture(file);
    Clip clip;
    for (cv::Mat frame, yuv; capture.read(frame);) {
        cv::cvtColor(frame, yuv, cv::COLOR_BGR2YUV_I420);
        clip.width = frame.cols;
        clip.height = frame.rows;
        clip.frames.emplace_back(yuv.data, yuv.data + yuv.total());
    }
    if (clip.frames.empty()) {
        throw std::runtime_error("cannot read frames from " + file);
    }
    return clip;
}

Player::Player(const Clip& clip, const std::string& results, unsigned seed) : clip_(clip), random_(seed) {
    pipeline_ = parse(
        "appsrc name=source format=time stream-type=seekable max-bytes=0 "
        "caps=video/x-raw,format=I420,width=" +
        std::to_string(clip.width) + ",height=" + std::to_string(clip.height) +
        ",framerate=25/1 ! drganfrontalize name=drgan display=true embeddings=true pictures=true ! "
        "fakesink name=video sync=false qos=false drgan.faces ! fakesink name=faces sync=false async=false");
    source_ = gst_bin_get_by_name(GST_BIN(pipeline_), "source");
    drgan_ = gst_bin_get_by_name(GST_BIN(pipeline_), "drgan");
    g_object_set(drgan_, "results-location", results.c_str(), "visitors", (results + ".visitors").c_str(), nullptr);
    g_signal_connect(source_, "seek-data", G_CALLBACK(seek), this);
    count("video", frames_);
    count("faces", faces_);
    GstBus* bus = gst_element_get_bus(pipeline_);
    gst_bus_set_sync_handler(bus, take, this, nullptr);
    gst_object_unref(bus);
    feeder_ = std::thread([this] { feed(); });
    gst_element_set_state(pipeline_, GST_STATE_PLAYING);
    if (gst_element_get_state(pipeline_, nullptr, nullptr, 60 * GST_SECOND) != GST_STATE_CHANGE_SUCCESS) {
        stop_ = true;
        gst_element_set_state(pipeline_, GST_STATE_NULL);
        feeder_.join();
        throw std::runtime_error("the pipeline does not start: " + error());
    }
}

Player::~Player() {
    stop_ = true;
    gst_element_set_state(pipeline_, GST_STATE_NULL);
    if (feeder_.joinable()) {
        feeder_.join();
    }
    gst_object_unref(source_);
    gst_object_unref(drgan_);
    gst_object_unref(pipeline_);
}

void Player::count(const char* element, std::atomic<size_t>& counter) {
    GstElement* sink = gst_bin_get_by_name(GST_BIN(pipeline_), element);
    GstPad* pad = gst_element_get_static_pad(sink, "sink");
    gst_pad_add_probe(
        pad, GST_PAD_PROBE_TYPE_BUFFER,
        [](GstPad*, GstPadProbeInfo*, gpointer user) {
            ++*static_cast<std::atomic<size_t>*>(user);
            return GST_PAD_PROBE_OK;
        },
        &counter, nullptr);
    gst_object_unref(pad);
    gst_object_unref(sink);
}

void Player::feed() {
    while (!stop_) {
        // Not with block=true: in GStreamer 1.22, a seek that empties the queue does not wake up a waiting thread.
        guint64 waiting = 0;
        g_object_get(source_, "current-level-buffers", &waiting, nullptr);
        if (waiting >= mostWaiting) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
            continue;
        }
        const guint64 n = next_++;
        const auto& frame = clip_.frames[n % clip_.frames.size()];
        GstBuffer* buffer = gst_buffer_new_allocate(nullptr, frame.size(), nullptr);
        gst_buffer_fill(buffer, 0, frame.data(), frame.size());
        GST_BUFFER_PTS(buffer) = n * frameTime;
        GST_BUFFER_DURATION(buffer) = frameTime;
        GstFlowReturn flow = GST_FLOW_OK;
        g_signal_emit_by_name(source_, "push-buffer", buffer, &flow);
        gst_buffer_unref(buffer);
        if (flow != GST_FLOW_OK) {  // flushing, or not started yet
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
    }
}

gboolean Player::seek(GstElement*, guint64 position, gpointer self) {
    static_cast<Player*>(self)->next_ = position / frameTime;
    return TRUE;
}

GstBusSyncReply Player::take(GstBus*, GstMessage* message, gpointer user) {
    auto* self = static_cast<Player*>(user);
    const GstStructure* structure = gst_message_get_structure(message);
    switch (GST_MESSAGE_TYPE(message)) {
        case GST_MESSAGE_ELEMENT:
            if (gst_structure_has_name(structure, "drganfrontalize") != FALSE) {
                ++self->messages_;
                self->embedded_ += gst_structure_has_field(structure, "embedding") != FALSE ? 1 : 0;
            }
            break;
        case GST_MESSAGE_ERROR:
        case GST_MESSAGE_WARNING: {
            GError* error = nullptr;
            gchar* debug = nullptr;
            if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
                gst_message_parse_error(message, &error, &debug);
            } else {
                gst_message_parse_warning(message, &error, &debug);
            }
            const std::lock_guard<std::mutex> lock(self->mutex_);
            if (self->error_.empty()) {
                self->error_ = std::string(error->message) + (debug != nullptr ? std::string("; ") + debug : "");
            }
            g_error_free(error);
            g_free(debug);
            break;
        }
        case GST_MESSAGE_EOS:
            self->ended_ = true;
            break;
        default:
            break;
    }
    gst_message_unref(message);  // a handler that drops a message must unref it
    return GST_BUS_DROP;
}

std::string Player::error() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return error_;
}

void Player::changeProperties() {
    const auto any = [&](int from, int to) { return std::uniform_int_distribution<int>(from, to)(random_); };
    g_object_set(drgan_, "yaw", any(-90, 90) * 1.0, "display", any(0, 4) > 0, "embeddings", any(0, 3) > 0, "pictures",
                 any(0, 3) > 0, "max-faces", any(1, 16), "detect-interval", any(1, 25), "update-threshold",
                 any(0, 10) * 0.1, "encode-interval", static_cast<guint>(any(0, 300)), "min-face-size", any(16, 60),
                 "track-timeout", static_cast<guint>(any(200, 3000)), nullptr);
    GstStructure* stats = nullptr;
    g_object_get(drgan_, "stats", &stats, nullptr);
    gst_structure_free(stats);
    ++done_["property changes"];
}

void Player::playAnother() {
    const std::string why = drgan_test::runPipeline(
        "videotestsrc num-buffers=25 pattern=ball ! video/x-raw,format=BGRx,width=320,height=240 ! "
        "drganfrontalize ! fakesink sync=false",
        {}, {}, 30 * GST_SECOND);
    if (!why.empty()) {
        const std::lock_guard<std::mutex> lock(mutex_);
        error_ = "the other element's stream: " + why;
    }
    ++done_["other elements"];
}

void Player::disturb() {
    const auto any = [&](int from, int to) { return std::uniform_int_distribution<int>(from, to)(random_); };
    ++turn_;
    if (turn_ % 4 == 0) {
        changeProperties();
    }
    if (turn_ % 25 == 0) {
        guint dropped = 0;
        g_signal_emit_by_name(drgan_, "forget", any(0, 1) == 0 ? -1 : any(1, 50), &dropped);
        ++done_["forget"];
    }
    if (turn_ % 60 == 0) {
        const guint64 to = next_ + static_cast<guint64>(any(-300, 300) + 300);
        gst_element_seek_simple(pipeline_, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH, static_cast<gint64>(to * frameTime));
        ++done_["flushing seeks"];
    }
    if (turn_ % 90 == 0) {
        gst_element_set_state(pipeline_, GST_STATE_PAUSED);
        gst_element_get_state(pipeline_, nullptr, nullptr, 10 * GST_SECOND);
        gst_element_set_state(pipeline_, GST_STATE_PLAYING);
        ++done_["pauses"];
    }
    if (turn_ % 50 == 0) {
        playAnother();
    }
}

void Player::finish() {
    stop_ = true;
    feeder_.join();
    GstFlowReturn flow = GST_FLOW_OK;
    g_signal_emit_by_name(source_, "end-of-stream", &flow);
    for (int i = 0; i < 600 && !ended_; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    if (!ended_) {
        const std::lock_guard<std::mutex> lock(mutex_);
        error_ = error_.empty() ? "no end of the stream within a minute" : error_;
    }
    gst_element_set_state(pipeline_, GST_STATE_NULL);
}

}  // namespace drgan_soak
