// SPDX-License-Identifier: Apache-2.0
#include "demo_pipeline.hpp"

#include "video_source.hpp"

namespace drgan::examples {

namespace {

void append(std::vector<std::string>& words, const std::vector<std::string>& more) {
    words.insert(words.end(), more.begin(), more.end());
}

}  // namespace

std::vector<std::string> describePipeline(const PipelineOptions& options) {
    std::vector<std::string> words = describeSource(options.input);
    append(words, {"!", "drganfrontalize", "name=drgan", "pictures=true", "results-location=" + options.results});
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
