// SPDX-License-Identifier: Apache-2.0
#include "metrics.hpp"

#include <array>
#include <cstdio>

namespace drgan {
namespace {

constexpr double secondsPerMillisecond = 1e-3;

std::string escaped(const std::string& value) {
    std::string out;
    for (const char c : value) {
        out += c == '\\' ? "\\\\" : c == '"' ? "\\\"" : c == '\n' ? "\\n" : std::string(1, c);
    }
    return out;
}

std::string number(double value) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.9g", value);
    for (char& c : text) {
        c = c == ',' ? '.' : c;  // whatever the locale
    }
    return text.data();
}

class Writer {
public:
    explicit Writer(const std::string& source) : source_("source=\"" + escaped(source) + "\"") {}

    void family(const std::string& name, const char* type, const char* help) {
        name_ = name;
        text_ += "# HELP " + name + " " + help + "\n# TYPE " + name + " " + type + "\n";
    }
    void sample(const std::string& value, const std::string& labels = {}, const char* suffix = "") {
        text_ += name_ + suffix + "{" + source_ + (labels.empty() ? "" : "," + labels) + "} " + value + "\n";
    }
    void counter(const std::string& name, const char* help, std::uint64_t value) {
        family(name, "counter", help);
        sample(std::to_string(value));
    }
    void gauge(const std::string& name, const char* help, std::uint64_t value) {
        family(name, "gauge", help);
        sample(std::to_string(value));
    }
    const std::string& text() const { return text_; }

private:
    const std::string source_;
    std::string name_;
    std::string text_;
};

}  // namespace

std::string toPrometheus(const Metrics& metrics) {
    const Statistics::Snapshot& s = metrics.statistics;
    Writer out(metrics.source);
    out.family("drgan_bundle_info", "gauge", "The bundle of models in use; always 1.");
    out.sample("1", "bundle=\"" + escaped(metrics.bundle) + "\"");
    out.counter("drgan_frames_total", "Frames since the start.", s.frames);
    out.counter("drgan_frames_skipped_total", "Frames that were too late for inference.", s.skipped);
    out.counter("drgan_faces_total", "Faces seen, summed over the frames.", s.faces);
    out.counter("drgan_tracks_total", "Tracks reported.", s.tracks);
    out.counter("drgan_encodes_total", "Pictures encoded into tracks.", s.encodes);
    out.counter("drgan_messages_total", "Messages posted.", metrics.messages);
    if (const auto& delivery = metrics.delivery) {
        out.counter("drgan_mqtt_sent_total", "Messages that the broker has acknowledged.", delivery->sent);
        out.counter("drgan_mqtt_dropped_total", "Messages that did not reach the broker.", delivery->dropped);
        out.gauge("drgan_mqtt_queued", "Messages that wait for the broker.", delivery->queued);
        out.gauge("drgan_mqtt_connected", "Whether the broker is connected.", delivery->connected ? 1 : 0);
    }
    out.family("drgan_stage_seconds", "summary",
               "Time per frame of each stage that ran; quantiles of the newest 1000.");
    for (size_t i = 0; i < stageCount; ++i) {
        if (const auto& spread = s.stages[i]) {
            const std::string stage = std::string("stage=\"") + stageNames[i] + "\"";
            out.sample(number(spread->median * secondsPerMillisecond), stage + ",quantile=\"0.5\"");
            out.sample(number(spread->p99 * secondsPerMillisecond), stage + ",quantile=\"0.99\"");
            out.sample(number(spread->sum * secondsPerMillisecond), stage, "_sum");
            out.sample(std::to_string(spread->count), stage, "_count");
        }
    }
    return out.text();
}

}  // namespace drgan
