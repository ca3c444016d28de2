// SPDX-License-Identifier: Apache-2.0
//
// drgan-data: labelled pictures -> an aligned face set for drgan-train. See README.md beside this file.

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <opencv2/core.hpp>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "pool.hpp"
#include "set_builder.hpp"

namespace {

using drgan::data::Dropped;

struct Arguments {
    std::string labels;
    std::string output;
    std::string dropped;
    std::vector<float> eyes = {0.5F, 0.461F};
    std::string order = "BGR";
    float cropFactor = 1.8F;
    int threads = 2;
    size_t limit = 0;
    drgan::data::Options options;
};

void define(CLI::App& app, Arguments& a) {
    app.add_option("--labels", a.labels, "folder with labels.csv and the tars or pictures that it names")->required();
    app.add_option("--output", a.output, "face set to write (safetensors)")->required();
    app.add_option("--size", a.options.alignment.size, "side of the aligned faces, pixels")
        ->check(CLI::Range(16, 1024))
        ->capture_default_str();
    app.add_option("--align-eyes", a.eyes, "x,y of the eyes' midpoint in the aligned face, units of its side")
        ->delimiter(',')
        ->expected(2)
        ->capture_default_str();
    app.add_option("--align-eye-mouth", a.options.alignment.eyeMouth,
                   "distance of the eyes' and the mouth's midpoints, units of the side")
        ->check(CLI::Range(0.01F, 1.F))
        ->capture_default_str();
    app.add_option("--crop-factor", a.cropFactor, "side of the pictures in sides of the face box in their middle")
        ->check(CLI::Range(1.F, 10.F))
        ->capture_default_str();
    app.add_option("--mesh", a.options.mesh, "face mesh model (468 points); turns near-frontal pictures in 3D")
        ->check(CLI::ExistingFile);
    app.add_option("--turned", a.options.turned, "turned views per near-frontal picture")
        ->check(CLI::Range(0, 12))
        ->capture_default_str();
    app.add_option("--turn-below", a.options.turnBelow, "own yaw up to which a picture is turned, degrees")
        ->check(CLI::Range(0.F, 45.F))
        ->capture_default_str();
    app.add_option("--mesh-score", a.options.meshScore, "least face score of the mesh for turning")
        ->capture_default_str();
    app.add_option("--detector", a.options.detector, "YuNet; finds the landmarks of turned views and missing ones")
        ->check(CLI::ExistingFile);
    app.add_option("--teacher", a.options.teacher, "recogniser whose embeddings the set shall carry (ONNX)")
        ->check(CLI::ExistingFile);
    app.add_option("--teacher-order", a.order, "channel order of the teacher's input")
        ->check(CLI::IsMember({"BGR", "RGB"}))
        ->capture_default_str();
    app.add_option("--teacher-mean", a.options.teacherInput.mean, "(pixel - mean) / scale")->capture_default_str();
    app.add_option("--teacher-scale", a.options.teacherInput.scale, "(pixel - mean) / scale")->capture_default_str();
    app.add_option("--teacher-size", a.options.teacherInput.size, "side of the teacher's input, pixels")
        ->capture_default_str();
    app.add_option("--threads", a.threads, "worker threads")->check(CLI::Range(1, 256))->capture_default_str();
    app.add_option("--seed", a.options.seed, "of the turned views' yaws")->capture_default_str();
    app.add_option("--limit", a.limit, "take only N pictures, spread over the list; 0: all")->capture_default_str();
    app.add_option("--dropped", a.dropped, "CSV of what was left out and why; default: OUTPUT with .dropped.csv");
}

// One line that is rewritten on a terminal, a line every ten seconds in a log.
class ProgressLine {
public:
    void operator()(size_t done, size_t total, double perSecond) {
        const auto now = std::chrono::steady_clock::now();
        if (done != total && now - last_ < (terminal_ ? std::chrono::milliseconds(200) : std::chrono::seconds(10))) {
            return;
        }
        last_ = now;
        const auto left = static_cast<long>(static_cast<double>(total - done) / perSecond);
        std::fprintf(stderr, "%s%zu/%zu pictures, %.1f/s, %ld:%02ld left%s", terminal_ ? "\r\033[K" : "", done, total,
                     perSecond, left / 60, left % 60, terminal_ && done != total ? "" : "\n");
        std::fflush(stderr);
    }

private:
    bool terminal_ = ::isatty(STDERR_FILENO) != 0;
    std::chrono::steady_clock::time_point last_;
};

void writeDropped(const std::string& path, const std::vector<Dropped>& dropped) {
    std::ofstream stream(path);
    stream << "line,file,reason\n";
    for (const Dropped& d : dropped) {
        stream << d.line << ',' << drgan::data::quoteCsv(d.file) << ',' << drgan::data::quoteCsv(d.reason) << '\n';
    }
    stream.close();
    if (!stream) {
        throw std::runtime_error(path + ": cannot write the list of what was left out");
    }
}

int run(Arguments& a) {
    a.options.alignment.eyes = {a.eyes[0], a.eyes[1]};
    a.options.boxShare = 1 / a.cropFactor;
    a.options.teacherInput.rgb = drgan::data::parseChannelOrder(a.order);
    if (a.dropped.empty()) {
        a.dropped = a.output + ".dropped.csv";
    }
    cv::setNumThreads(1);  // the workers are the parallelism

    drgan::data::Labels labels = drgan::data::readLabels(a.labels + "/labels.csv");
    if (a.limit > 0 && a.limit < labels.rows.size()) {
        std::vector<drgan::data::Label> some;
        for (size_t i = 0; i < a.limit; ++i) {
            some.push_back(labels.rows[i * labels.rows.size() / a.limit]);
        }
        labels.rows = std::move(some);
    }
    spdlog::info("{}: {} pictures, {} bad rows", a.labels, labels.rows.size(), labels.dropped.size());
    std::vector<Dropped> dropped = labels.dropped;
    ProgressLine line;
    std::vector<drgan::data::Prepared> prepared =
        drgan::data::prepareAll(a.labels, labels.rows, a.options, a.threads, std::ref(line), dropped);
    int detected = 0;
    for (const drgan::data::Prepared& p : prepared) {
        detected += p.detected;
    }
    const drgan::data::SetSummary summary = drgan::data::writeFaceSet(a.output, a.options, labels.rows, prepared);
    writeDropped(a.dropped, dropped);
    spdlog::info("{}: {} real and {} turned faces ({} with the detector's landmarks) of {} people", a.output,
                 summary.real, summary.turned, detected, summary.persons);
    for (size_t i = 0; i < dropped.size() && i < 5; ++i) {
        spdlog::warn("line {} ({}): {}", dropped[i].line, dropped[i].file, dropped[i].reason);
    }
    if (!dropped.empty()) {
        spdlog::warn("{} pictures were left out; all of them, with reasons: {}", dropped.size(), a.dropped);
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Prepares labelled pictures for drgan-train: decodes, aligns, turns in 3D, asks the teacher."};
    Arguments arguments;
    arguments.options.alignment.size = 112;
    arguments.options.alignment.eyeMouth = 0.363F;
    define(app, arguments);
    CLI11_PARSE(app, argc, argv);
    try {
        return run(arguments);
    } catch (const std::exception& error) {
        spdlog::error("{}", error.what());
        return 1;
    }
}
