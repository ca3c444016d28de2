// SPDX-License-Identifier: Apache-2.0
#include "bench_table.hpp"

#include <algorithm>
#include <cstdio>

namespace drgan::benchmarks {
namespace {

constexpr const char* inGrid = " | ";

std::pair<std::string, std::string> cellOf(const std::string& name) {
    const size_t at = name.find(inGrid);
    return at == std::string::npos ? std::pair<std::string, std::string>()
                                   : std::pair(name.substr(0, at), name.substr(at + 3));
}

// The part before the last comma, and the rest including the comma.
std::string headOf(const std::string& name) { return name.substr(0, std::min(name.size(), name.rfind(','))); }
std::string tailOf(const std::string& name) { return name.substr(std::min(name.size(), name.rfind(','))); }

}  // namespace

std::string gridName(const std::string& clip, const std::string& program) { return clip + inGrid + program; }

void BenchTable::ReportRuns(const std::vector<Run>& runs) {
    for (const Run& run : runs) {
        const std::string name = run.run_name.function_name;
        if (run.error_occurred) {
            failed_ = true;
            std::fprintf(stderr, "%s: %s\n", name.c_str(), run.error_message.c_str());
        } else if (run.run_type == Run::RT_Aggregate && run.aggregate_name == "median") {
            medians_.emplace_back(name, run.counters.at("items_per_second"));
            const auto faces = run.counters.find("faces");
            if (faces != run.counters.end()) {
                faces_[name] = faces->second;
            }
            repetitions_ = std::max(repetitions_, run.repetitions);
            std::fprintf(stderr, "%s: done\n", name.c_str());
        }
    }
}

double BenchTable::seconds(const std::string& name) const {
    const auto found = std::find_if(medians_.begin(), medians_.end(), [&](const auto& m) { return m.first == name; });
    return found == medians_.end() ? 0 : 1 / found->second;
}

void BenchTable::Finalize() {
    std::sort(medians_.begin(), medians_.end());  // by name, not in the order in which they finished
    printList();
    printGrid();
}

void BenchTable::printList() const {
    std::map<std::string, double> facedetect;  // by the part after the comma: display on or off
    std::map<std::string, double> detecting;   // by the part before it: number of faces
    for (const auto& [name, rate] : medians_) {
        if (name.find("facedetect") != std::string::npos) {
            facedetect[tailOf(name)] = rate;
        } else if (name.find("detected on every frame") != std::string::npos) {
            detecting[headOf(name)] = rate;
        }
    }
    std::printf("\n%-58s %10s\n", ("medians of " + std::to_string(repetitions_) + " runs").c_str(), "a second");
    for (const auto& [name, rate] : medians_) {
        if (!cellOf(name).first.empty()) {
            continue;
        }
        std::printf("%-58s %10.1f", name.c_str(), rate);
        const auto other = facedetect.find(tailOf(name));
        if (name.find("drganfrontalize") != std::string::npos && other != facedetect.end()) {
            std::printf("   %.2f x facedetect", rate / other->second);
        }
        const auto slow = detecting.find(headOf(name));
        if (slow != detecting.end() && slow->second != rate) {
            std::printf("   %.2f of the time that detecting takes", slow->second / rate);
        }
        std::printf("\n");
    }
    const std::string how = std::string(", ") + followedAlone;
    const double pass = seconds(alignBatch);
    const double one = seconds("frames: one face" + how);
    const double eight = seconds("frames: eight faces" + how);
    if (pass > 0 && one > 0 && eight > 0) {
        std::printf("eight faces followed in place of one: %.2f aligner batches of eight more a frame\n",
                    (eight - one) / pass);
    }
    const double nothing = seconds(reportingNothing);
    const double all = seconds(reportingAll);
    if (nothing > 0 && all > 0) {
        std::printf("with gallery, broker, results and metrics: %+.1f %% frames a second\n", 100 * (nothing / all - 1));
    }
}

void BenchTable::printGrid() const {
    std::vector<std::string> clips;
    std::vector<std::string> programs;
    const auto add = [](std::vector<std::string>& to, const std::string& name) {
        if (!name.empty() && std::find(to.begin(), to.end(), name) == to.end()) {
            to.push_back(name);
        }
    };
    for (const auto& [name, rate] : medians_) {
        add(clips, cellOf(name).first);
        add(programs, cellOf(name).second);
    }
    if (clips.empty()) {
        return;
    }
    // By the frame's width, with which the names start.
    std::stable_sort(clips.begin(), clips.end(),
                     [](const auto& a, const auto& b) { return std::stoi(a) < std::stoi(b); });
    std::printf("\nframes a second, whole streams; in brackets the faces seen on a frame, on the mean\n%-30s", "");
    for (const auto& clip : clips) {
        std::printf(" %19s", clip.c_str());
    }
    std::printf("\n");
    for (const auto& program : programs) {
        std::printf("%-30s", program.c_str());
        for (const auto& clip : clips) {
            const std::string name = gridName(clip, program);
            const double time = seconds(name);
            const auto faces = faces_.find(name);
            char cell[40] = "-";
            if (time > 0 && faces != faces_.end()) {
                std::snprintf(cell, sizeof(cell), "%.1f (%.1f)", 1 / time, faces->second);
            } else if (time > 0) {
                std::snprintf(cell, sizeof(cell), "%.1f", 1 / time);
            }
            std::printf(" %19s", cell);
        }
        std::printf("\n");
    }
}

}  // namespace drgan::benchmarks
