// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_BENCHMARKS_BENCH_TABLE_HPP
#define DRGAN_BENCHMARKS_BENCH_TABLE_HPP

#include <benchmark/benchmark.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace drgan::benchmarks {

/// Names of benchmarks that the table compares.
constexpr const char* alignBatch = "batches of eight faces: aligner";
constexpr const char* followedAlone = "followed alone, encoded once";
constexpr const char* reportingNothing = "frames: messages on the bus only";
constexpr const char* reportingAll = "frames: gallery, broker, results and metrics, too";

/// The name of a benchmark for the grid of programs and clips.
/// @param clip name that starts with the frame's width
std::string gridName(const std::string& clip, const std::string& program);

/// Prints a line per benchmark, and tables of medians at the end. A benchmark's counter "faces" is the number of faces
/// that it detected per frame.
class BenchTable : public benchmark::BenchmarkReporter {
public:
    bool ReportContext(const Context&) override { return true; }
    void ReportRuns(const std::vector<Run>& runs) override;
    void Finalize() override;

    /// Whether a benchmark failed or none ran.
    bool failed() const { return failed_ || medians_.empty(); }

private:
    void printList() const;
    void printGrid() const;
    double seconds(const std::string& name) const;

    std::vector<std::pair<std::string, double>> medians_;  // per second
    std::map<std::string, double> faces_;
    std::int64_t repetitions_ = 0;
    bool failed_ = false;
};

}  // namespace drgan::benchmarks

#endif
