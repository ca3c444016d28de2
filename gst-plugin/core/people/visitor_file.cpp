// SPDX-License-Identifier: Apache-2.0
#include "visitor_file.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <optional>
#include <random>
#include <vector>

namespace drgan {
namespace {

using cv::drgan::Gallery;

constexpr char prefix[] = "visitor-";
constexpr size_t prefixLength = sizeof prefix - 1;
constexpr char letters[] = "abcdefghijklmnopqrstuvwxyz234567";  // base32: 5 bits each
// Ids of visitors who were dropped are not known any more, yet must not come again: of a million ids of 60 random bits,
// two are the same with a probability of 4e-7.
constexpr size_t idLetters = 12;

constexpr char timeFormat[] = "%Y-%m-%dT%H:%M:%SZ";

bool isVisitorId(const std::string& name) {
    return name.size() == prefixLength + idLetters && name.compare(0, prefixLength, prefix) == 0 &&
           name.find_first_not_of(letters, prefixLength) == std::string::npos;
}

std::string textOf(std::int64_t time) {
    const auto seconds = static_cast<std::time_t>(time);
    std::tm parts{};
    std::array<char, 64> text{};
    if (gmtime_r(&seconds, &parts) == nullptr || std::strftime(text.data(), text.size(), timeFormat, &parts) == 0) {
        CV_Error(cv::Error::StsOutOfRange, "time: got " + std::to_string(time) + ", expected seconds since 1970");
    }
    return text.data();
}

std::string textOf(const VisitorTimes& times) { return textOf(times.first) + "/" + textOf(times.last); }

std::optional<std::int64_t> timeOf(const std::string& text) {
    std::tm parts{};
    const char* end = strptime(text.c_str(), timeFormat, &parts);
    return end != nullptr && *end == '\0' ? std::optional<std::int64_t>(timegm(&parts)) : std::nullopt;
}

std::optional<VisitorTimes> timesOf(const std::string& text) {
    const size_t slash = text.find('/');
    if (slash == std::string::npos) {
        return std::nullopt;
    }
    const auto first = timeOf(text.substr(0, slash));
    const auto last = timeOf(text.substr(slash + 1));
    return first && last ? std::optional<VisitorTimes>({*first, *last}) : std::nullopt;
}

}  // namespace

std::string newVisitorId() {
    std::random_device random;
    std::uniform_int_distribution<size_t> pick(0, sizeof letters - 2);
    std::string id = prefix;
    for (size_t i = 0; i < idLetters; ++i) {
        id += letters[pick(random)];
    }
    return id;
}

void addToVisitorFile(Gallery& file, const std::string& id, const cv::Mat& embedding, double totalConfidence,
                      int images, const VisitorTimes& times) {
    file.addPicture(id, embedding, totalConfidence, images, textOf(times));
}

std::map<std::string, VisitorTimes> readVisitorFile(const std::string& path, const cv::Ptr<cv::drgan::Encoder>& encoder,
                                                    Gallery& people) {
    const auto file = Gallery::load(path, encoder);
    std::map<std::string, VisitorTimes> found;
    for (const std::string& id : file->names()) {
        const std::vector<cv::String> pictures = file->pictures(id);
        const auto times = pictures.size() == 1 ? timesOf(pictures.front()) : std::nullopt;
        if (!isVisitorId(id) || !times) {
            CV_Error(cv::Error::StsBadArg,
                     path + ": is not a file of visitors: has \"" + id +
                         "\", expected ids like visitor-k3v7q2mdw5xa, each with one picture that is named by the times "
                         "at which the visitor was first and last seen");
        }
        cv::Mat embedding;
        double total = 0;
        int images = 0;
        file->person(id, embedding, total, images);
        people.addFused(id, embedding, total, images);
        found[id] = *times;
    }
    people.setThresholds(file->thresholds());
    return found;
}

}  // namespace drgan
