// SPDX-License-Identifier: Apache-2.0
//
// Runs drganfrontalize on a video, a camera or a stream and writes an annotated video, a contact sheet of the people
// and the results as JSON lines.

#include <glib-unix.h>
#include <gst/gst.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <set>
#include <string>

#include "contact_sheet.hpp"
#include "demo_pipeline.hpp"
#include "results.hpp"
#include "video_source.hpp"

namespace {

using drgan::examples::ContactSheet;
using drgan::examples::Result;
using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// One run of the pipeline. GLib's callbacks get a pointer to it.
class Run {
public:
    Run(const std::vector<std::string>& words, const std::filesystem::path& folder);
    ~Run();
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;

    /// Runs until the video ends or is stopped. @throws std::runtime_error if something failed.
    void play();

    unsigned long frames() const { return frames_; }
    size_t people() const { return people_.size(); }
    double seconds() const { return secondsSince(start_); }

private:
    static GstPadProbeReturn onBuffer(GstPad* pad, GstPadProbeInfo* info, gpointer self);
    static gboolean onMessage(GstBus* bus, GstMessage* message, gpointer self);
    static gboolean onSignal(gpointer self);
    static gboolean onTick(gpointer self);

    void take(GstMessage* message);
    void stop();
    void showProgress(bool last);
    void fail(const std::string& why);

    GstElement* pipeline_ = nullptr;
    GMainLoop* loop_ = nullptr;
    std::filesystem::path folder_;
    ContactSheet sheet_;
    std::set<unsigned> people_;
    std::atomic<unsigned long> frames_{0};
    std::atomic<bool> stopping_{false};
    std::atomic<bool> ended_{false};
    Clock::time_point start_ = Clock::now();
    Clock::time_point stopped_;
    std::string error_;
    unsigned ticks_ = 0;
    bool terminal_ = isatty(STDOUT_FILENO) != 0;
};

Run::Run(const std::vector<std::string>& words, const std::filesystem::path& folder) : folder_(folder) {
    std::vector<const gchar*> argv;
    for (const std::string& word : words) {
        argv.push_back(word.c_str());
    }
    argv.push_back(nullptr);
    GError* error = nullptr;
    pipeline_ = gst_parse_launchv(argv.data(), &error);
    if (error != nullptr) {
        const std::string why = error->message;
        g_error_free(error);
        gst_clear_object(&pipeline_);
        throw std::runtime_error("GStreamer cannot create the pipeline: " + why);
    }
    GstElement* element = gst_bin_get_by_name(GST_BIN(pipeline_), "drgan");
    GstPad* pad = gst_element_get_static_pad(element, "sink");
    GstPad* before = gst_pad_get_peer(pad);
    gst_pad_add_probe(before, GST_PAD_PROBE_TYPE_BUFFER, onBuffer, this, nullptr);
    gst_object_unref(before);
    gst_object_unref(pad);
    gst_object_unref(element);
    loop_ = g_main_loop_new(nullptr, FALSE);
}

Run::~Run() {
    if (pipeline_ != nullptr) {
        gst_element_set_state(pipeline_, GST_STATE_NULL);
        gst_object_unref(pipeline_);
    }
    if (loop_ != nullptr) {
        g_main_loop_unref(loop_);
    }
}

GstPadProbeReturn Run::onBuffer(GstPad* pad, GstPadProbeInfo*, gpointer self) {
    auto* run = static_cast<Run*>(self);
    if (!run->stopping_) {
        ++run->frames_;
        return GST_PAD_PROBE_OK;
    }
    // EOS is sent here, in the streaming thread, so that all elements downstream finish whatever the source does.
    if (!run->ended_.exchange(true)) {
        gst_pad_push_event(pad, gst_event_new_eos());
    }
    return GST_PAD_PROBE_DROP;
}

gboolean Run::onMessage(GstBus*, GstMessage* message, gpointer self) {
    auto* run = static_cast<Run*>(self);
    try {
        run->take(message);
    } catch (const std::exception& error) {
        run->fail(error.what());
    }
    return G_SOURCE_CONTINUE;
}

void Run::take(GstMessage* message) {
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS) {
        g_main_loop_quit(loop_);
    } else if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
        GError* error = nullptr;
        gchar* debug = nullptr;
        gst_message_parse_error(message, &error, &debug);
        std::string why = std::string(GST_OBJECT_NAME(GST_MESSAGE_SRC(message))) + ": " + error->message;
        if (debug != nullptr) {
            why += std::string("\n  ") + debug;
        }
        if (frames_ == 0 && error->domain == GST_STREAM_ERROR) {
            why = "it contains no video that GStreamer can decode here (" + why + ")";
        }
        g_error_free(error);
        g_free(debug);
        fail(why);
    } else if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_WARNING) {
        GError* warning = nullptr;
        gst_message_parse_warning(message, &warning, nullptr);
        std::fprintf(stderr, "%s: %s\n", GST_OBJECT_NAME(GST_MESSAGE_SRC(message)), warning->message);
        g_error_free(warning);
    } else if (const auto result = drgan::examples::readResult(message)) {
        people_.insert(result->trackId);
        sheet_.add(*result);
    }
}

void Run::fail(const std::string& why) {
    if (error_.empty()) {
        error_ = why;
    }
    g_main_loop_quit(loop_);
}

gboolean Run::onSignal(gpointer self) {
    static_cast<Run*>(self)->stop();
    return G_SOURCE_CONTINUE;
}

void Run::stop() {
    if (stopping_) {
        fail("stopped twice: the end of the video may be missing");
        return;
    }
    stopped_ = Clock::now();
    stopping_ = true;
}

gboolean Run::onTick(gpointer self) {
    auto* run = static_cast<Run*>(self);
    try {
        ++run->ticks_;
        run->showProgress(false);
        if (run->ticks_ % 10 == 0 && run->frames_ > 0) {
            run->sheet_.write((run->folder_ / "contact-sheet.png").string());
        }
        if (run->stopping_ && !run->ended_ && secondsSince(run->stopped_) > 1) {
            // no frame arrived since: send EOS from the source
            run->ended_ = true;
            gst_element_send_event(run->pipeline_, gst_event_new_eos());
        }
        if (run->stopping_ && secondsSince(run->stopped_) > 10) {
            run->fail("the pipeline did not end within 10 seconds");
        }
    } catch (const std::exception& error) {
        run->fail(error.what());
    }
    return G_SOURCE_CONTINUE;
}

void Run::showProgress(bool last) {
    if (!terminal_ && !last && ticks_ % 4 != 0) {
        return;
    }
    gint64 position = 0;
    gint64 duration = 0;
    std::string part;
    if (gst_element_query_duration(pipeline_, GST_FORMAT_TIME, &duration) && duration > 0 &&
        gst_element_query_position(pipeline_, GST_FORMAT_TIME, &position)) {
        const double percent = std::min(100.0, 100.0 * static_cast<double>(position) / static_cast<double>(duration));
        char buffer[16];
        std::snprintf(buffer, sizeof buffer, "%3.0f %%  ", percent);
        part = last && !stopping_ ? "100 %  " : buffer;
    }
    std::printf("%s%s%lu frames  %.1f frames/s  %zu people%s", terminal_ ? "\r" : "", part.c_str(), frames_.load(),
                static_cast<double>(frames_) / std::max(seconds(), 1e-3), people_.size(),
                terminal_ && !last ? "   " : "\n");
    std::fflush(stdout);
}

void Run::play() {
    GstBus* bus = gst_element_get_bus(pipeline_);
    const guint watch = gst_bus_add_watch(bus, onMessage, this);
    const guint tick = g_timeout_add(500, onTick, this);
    const guint interrupt = g_unix_signal_add(SIGINT, onSignal, this);
    const guint terminate = g_unix_signal_add(SIGTERM, onSignal, this);
    start_ = Clock::now();
    gst_element_set_state(pipeline_, GST_STATE_PLAYING);  // a failure is reported as a message with its reason
    g_main_loop_run(loop_);
    showProgress(true);
    gst_element_set_state(pipeline_, GST_STATE_NULL);
    for (const guint source : {watch, tick, interrupt, terminate}) {
        g_source_remove(source);
    }
    gst_object_unref(bus);
    if (frames_ > 0) {
        sheet_.write((folder_ / "contact-sheet.png").string());
    }
    if (!error_.empty()) {
        throw std::runtime_error(error_);
    }
    if (frames_ == 0 && !stopping_) {
        throw std::runtime_error("it contains no video");
    }
}

/// The environment variables that the printed line needs in another shell.
std::vector<std::string> environment() {
    std::vector<std::string> words;
    for (const char* name : {"GST_PLUGIN_PATH", "DRGAN_BUNDLE"}) {
        const char* value = std::getenv(name);
        if (value != nullptr && *value != '\0') {
            words.push_back(std::string(name) + "=" + value);
        }
    }
    return words;
}

}  // namespace

int main(int argc, char** argv) {
    drgan::examples::PipelineOptions options;
    std::string folder = "demo-output";
    bool noDisplay = false;
    CLI::App app("Frontalizes the faces of a video; writes annotated.mp4, contact-sheet.png and results.jsonl.");
    app.add_option("input", options.input, "video file, URI (file, http, https, rtsp) or camera (/dev/video0)")
        ->required();
    app.add_option("-o,--output", folder, "folder for the results")->take_last()->capture_default_str();
    app.add_option("--detector", options.detector, "YuNet model (ONNX) to detect faces; default: the bundle's detector")
        ->check(CLI::ExistingFile);
    app.add_option("--bundle", options.bundle, "folder of the models; default: the default bundle")
        ->check(CLI::ExistingDirectory);
    app.add_flag("--no-display", noDisplay, "do not draw into the video");
    app.add_flag("--embeddings", options.embeddings, "write the embeddings (biometric data) to results.jsonl");
    CLI11_PARSE(app, argc, argv);
    options.display = !noDisplay;
    gst_init(nullptr, nullptr);
    try {
        std::filesystem::create_directories(folder);
        const auto inFolder = [&](const char* name) {
            return (std::filesystem::absolute(folder) / name).lexically_normal().string();
        };
        options.output = inFolder("annotated.mp4");
        options.results = inFolder("results.jsonl");
        const std::vector<std::string> words = drgan::examples::describePipeline(options);
        std::vector<std::string> line = environment();
        line.insert(line.end(), {"gst-launch-1.0", "-e"});
        line.insert(line.end(), words.begin(), words.end());
        std::printf("%s\n\n", drgan::examples::shellLine(line).c_str());
        if (drgan::examples::isLive(options.input)) {
            std::printf("Press Ctrl-C to stop.\n");
        }
        std::fflush(stdout);
        Run run(words, folder);
        run.play();
        std::printf("\n%lu frames in %.1f s, %zu people. Results:\n", run.frames(), run.seconds(), run.people());
        for (const char* name : {"annotated.mp4", "contact-sheet.png", "results.jsonl"}) {
            std::printf("  %s\n", (std::filesystem::path(folder) / name).lexically_normal().c_str());
        }
    } catch (const std::exception& error) {
        std::fflush(stdout);
        std::fprintf(stderr, "drgan-demo: %s: %s\n", options.input.c_str(), error.what());
        return 1;
    }
    return 0;
}
