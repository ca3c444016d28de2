// SPDX-License-Identifier: Apache-2.0
#include "checks.hpp"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>

namespace drgan_soak {
namespace {

constexpr double mebibyte = 1 << 20;
// Limits for "no growth": the medians of the two thirds must differ by less. The heap includes what is in queues at the
// moment.
constexpr double residentSlack = 6;
constexpr double heapSlack = 4;

size_t entries(const char* folder) {
    return static_cast<size_t>(
        std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator{}));
}

double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

// Temporary descriptors and threads are only in some samples, leaked ones in all.
double least(std::vector<double> values) { return *std::min_element(values.begin(), values.end()); }

}  // namespace

Holding holdingNow(double seconds) {
    Holding h;
    h.seconds = seconds;
    std::ifstream statm("/proc/self/statm");
    size_t total = 0;
    size_t resident = 0;
    statm >> total >> resident;
    h.resident = static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) / mebibyte;
    const auto info = mallinfo2();
    h.heap = static_cast<double>(info.uordblks + info.hblkhd) / mebibyte;
    h.descriptors = entries("/proc/self/fd") - 1;  // without the one that lists them
    h.threads = entries("/proc/self/task");
    return h;
}

std::vector<std::string> growth(const std::vector<Holding>& samples, double warmUp) {
    std::vector<Holding> after;
    std::copy_if(samples.begin(), samples.end(), std::back_inserter(after),
                 [&](const Holding& h) { return h.seconds >= warmUp; });
    if (after.size() < 6) {
        return {"there are " + std::to_string(after.size()) +
                " samples after the warm-up, expected 6 at least: give it more --minutes"};
    }
    const size_t third = after.size() / 3;
    std::vector<std::string> out;
    const auto check = [&](const char* what, double slack, auto summary, auto value) {
        std::vector<double> first;
        std::vector<double> last;
        for (size_t i = 0; i < third; ++i) {
            first.push_back(static_cast<double>(value(after[i])));
            last.push_back(static_cast<double>(value(after[after.size() - third + i])));
        }
        const double before = summary(first);
        const double now = summary(last);
        if (now > before + slack) {
            out.push_back(std::string(what) + " grew from " + std::to_string(before) + " to " + std::to_string(now));
        }
    };
    check("resident memory, MiB,", residentSlack, median, [](const Holding& h) { return h.resident; });
    check("the heap, MiB,", heapSlack, median, [](const Holding& h) { return h.heap; });
    check("the number of descriptors", 0, least, [](const Holding& h) { return h.descriptors; });
    check("the number of threads", 0, least, [](const Holding& h) { return h.threads; });
    return out;
}

Lines readLines(const std::string& file) {
    Lines lines;
    std::ifstream in(file, std::ios::binary);
    std::map<int, std::string> last;  // last event of each track
    const auto wrong = [&](const std::string& what) {
        if (lines.wrong.size() < 5) {
            lines.wrong.push_back("line " + std::to_string(lines.count) + ": " + what);
        }
    };
    for (std::string line; std::getline(in, line);) {
        ++lines.count;
        if (in.eof()) {
            wrong("does not end");
        }
        const auto json = nlohmann::json::parse(line, nullptr, false);
        if (!json.is_object() || !json.contains("event") || !json.contains("track_id")) {
            wrong("is no result: " + line.substr(0, 80));
            continue;
        }
        const auto event = json["event"].get<std::string>();
        const int id = json["track_id"].get<int>();
        const bool known = last.count(id) > 0;
        if (known == (event == "track-new") || (known && last[id] == "track-lost")) {
            wrong(event + " of track " + std::to_string(id) + " after " + (known ? last[id] : "nothing"));
        }
        last[id] = event;
    }
    lines.tracks = last.size();
    for (const auto& [id, event] : last) {
        if (event != "track-lost") {
            wrong("the end: track " + std::to_string(id) + " was never lost");
        }
    }
    return lines;
}

}  // namespace drgan_soak
