// SPDX-License-Identifier: Apache-2.0
#include "video_source.hpp"

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

std::vector<std::string> sourceElements(const std::string& input) {
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

std::vector<std::string> describeSource(const std::string& input) {
    std::vector<std::string> words = sourceElements(input);
    if (isLive(input)) {
        // frames that cannot be processed in time are dropped here
        words.insert(words.end(), {"!", "queue", "leaky=downstream"});
    }
    // videoflip does not support all formats of decoders, for example P010
    words.insert(words.end(), {"!", "videoconvert", "!", "videoflip", "video-direction=auto", "!", "videoscale", "!",
                               "video/x-raw,pixel-aspect-ratio=1/1"});
    return words;
}

}  // namespace drgan::examples
