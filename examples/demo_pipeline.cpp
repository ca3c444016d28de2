// SPDX-License-Identifier: Apache-2.0
#include "demo_pipeline.hpp"

#include <gst/gst.h>

#include <filesystem>
#include <stdexcept>

namespace drgan::examples {

namespace {

bool isDevice(const std::string& input) { return input.rfind("/dev/video", 0) == 0; }

/// An existing file is not a URI, even if its name looks like one.
bool isUri(const std::string& input) {
    std::error_code ignored;
    return gst_uri_is_valid(input.c_str()) && !std::filesystem::exists(input, ignored);
}

std::string fileUri(const std::string& file) {
    GError* error = nullptr;
    gchar* uri = gst_filename_to_uri(file.c_str(), &error);
    if (uri == nullptr) {
        const std::string why = error->message;
        g_error_free(error);
        throw std::runtime_error("cannot open " + file + ": " + why);
    }
    std::string result = uri;
    g_free(uri);
    return result;
}

void append(std::vector<std::string>& words, const std::vector<std::string>& more) {
    words.insert(words.end(), more.begin(), more.end());
}

std::vector<std::string> describeSource(const std::string& input) {
    namespace fs = std::filesystem;
    std::error_code ignored;
    if (isDevice(input)) {
        if (!fs::exists(input, ignored)) {
            throw std::runtime_error("there is no camera " + input);
        }
        return {"v4l2src", "device=" + input, "!", "decodebin"};
    }
    if (isUri(input)) {
        return {"uridecodebin", "uri=" + input};
    }
    if (!fs::exists(input, ignored)) {
        throw std::runtime_error("there is no file " + input);
    }
    if (!fs::is_regular_file(input, ignored)) {
        throw std::runtime_error(input + " is not a file");
    }
    return {"uridecodebin", "uri=" + fileUri(input)};
}

}  // namespace

bool isLive(const std::string& input) {
    // An HTTP server waits for its reader and is therefore not live.
    const auto begins = [&input](const char* scheme) { return input.rfind(scheme, 0) == 0; };
    return isDevice(input) || (isUri(input) && !begins("file:") && !begins("http:") && !begins("https:"));
}

std::vector<std::string> describePipeline(const PipelineOptions& options) {
    std::vector<std::string> words = describeSource(options.input);
    if (isLive(options.input)) {
        // frames that cannot be processed in time are dropped here
        append(words, {"!", "queue", "leaky=downstream"});
    }
    // videoflip does not support all formats of decoders, for example P010
    append(words, {"!", "videoconvert", "!", "videoflip", "video-direction=auto", "!", "videoscale", "!",
                   "video/x-raw,pixel-aspect-ratio=1/1", "!", "drganfrontalize", "name=drgan", "pictures=true",
                   "results-location=" + options.results});
    if (!options.display) {
        words.emplace_back("display=false");
    }
    if (options.embeddings) {
        words.emplace_back("embeddings=true");
    }
    if (!options.detector.empty()) {
        words.push_back("detector=" + options.detector);
    }
    if (!options.bundle.empty()) {
        words.push_back("bundle=" + options.bundle);
    }
    // H.264 in the form that all players support: 4:2:0, even sides. The muxer writes fragments, and at the end
    // converts the file to a plain one, so that it can be played however the program ends.
    append(words, {"!",
                   "videoconvert",
                   "!",
                   "videoscale",
                   "!",
                   "video/x-raw,format=I420,width=[2,16384,2],height=[2,16384,2]",
                   "!",
                   "x264enc",
                   "speed-preset=veryfast",
                   "pass=quant",
                   "quantizer=20",
                   "key-int-max=50",
                   "!",
                   "h264parse",
                   "!",
                   "mp4mux",
                   "fragment-duration=1000",
                   "fragment-mode=first-moov-then-finalise",
                   "!",
                   "filesink",
                   "location=" + options.output});
    return words;
}

std::string shellLine(const std::vector<std::string>& words) {
    const std::string plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,%@";
    std::string line;
    for (const std::string& word : words) {
        line += line.empty() ? "" : " ";
        // a single ! is not expanded by the shell
        if (word == "!" || (!word.empty() && word.find_first_not_of(plain) == std::string::npos)) {
            line += word;
            continue;
        }
        line += '\'';
        for (const char c : word) {
            line += c == '\'' ? std::string("'\\''") : std::string(1, c);
        }
        line += '\'';
    }
    return line;
}

}  // namespace drgan::examples
