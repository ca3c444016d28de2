// SPDX-License-Identifier: Apache-2.0
//
// drgan-data: pictures of people -> an aligned face set for drgan-train. See README.md beside this file.

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <map>
#include <opencv2/core.hpp>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "io/csv.hpp"
#include "layouts.hpp"
#include "prepare_all.hpp"
#include "scene_labels.hpp"
#include "set_builder.hpp"

namespace {

using drgan::data::Dropped;
using drgan::data::Prepared;

struct Arguments {
    std::string labels;
    std::string people;
    std::string cfp;
    std::string photos;
    std::vector<std::string> only;
    drgan::data::RowFilter filter;
    double devShare = 0;
    std::vector<std::string> devPeople;
    std::string output;
    std::string dropped;
    std::vector<float> eyes = {0.5F, 0.461F};
    std::string order = "BGR";
    std::string teacherAlign = "two-point";
    float cropFactor = 1.8F;
    int threads = 2;
    size_t limit = 0;
    drgan::data::Options options;
};

void define(CLI::App& app, Arguments& a) {
    CLI::App* input = app.add_option_group("Pictures", "one of");
    auto* labels =
        input->add_option("--labels", a.labels, "folder with labels.csv and the tars or pictures that it lists");
    auto* people = input->add_option("--people", a.people, "folder with one folder of pictures per person");
    auto* cfp = input->add_option("--cfp", a.cfp, "folder of CFP (Data/Images, Data/Fiducials)");
    auto* photos =
        input->add_option("--photos", a.photos,
                          "folder of photographs of any number of people: only finds the faces in them, with "
                          "--detector, and writes a table of them for drgan-train detector");
    input->require_option(1);
    app.add_option("--only", a.only, "COLUMN=TEXT: use only the rows of labels.csv with this text in that column")
        ->needs(labels)
        ->allow_extra_args(false);
    app.add_option("--most-yaw", a.filter.mostYaw, "use only the rows of labels.csv with at most this yaw, degrees")
        ->check(CLI::Range(0.F, 180.F))
        ->needs(labels);
    app.add_option("--dev-share", a.devShare, "share of the people that go to the dev split, chosen by their names")
        ->check(CLI::Range(0., 1.))
        ->needs(people)
        ->capture_default_str();
    app.add_option("--dev-people", a.devPeople, "people that go to the dev split, for example 351-400,412")
        ->delimiter(',')
        ->needs(cfp);
    app.add_option(
           "--bundle", a.options.cutter.bundle,
           "folder of the bundle whose networks detect the faces if there is no --detector; default: the installed one")
        ->check(CLI::ExistingDirectory)
        ->needs(people);
    app.add_option("--least-face", a.options.cutter.leastFace,
                   "minimum side of the face box, pixels; smaller faces are left out")
        ->check(CLI::Range(1.F, 1000.F))
        ->excludes(labels)
        ->capture_default_str();
    app.add_option("--output", a.output, "face set (safetensors) to write; --photos: CSV table")->required();
    app.add_option("--size", a.options.alignment.size, "side of the aligned faces, pixels")
        ->check(CLI::Range(16, 1024))
        ->capture_default_str();
    app.add_option("--align-eyes", a.eyes, "x,y of the midpoint of the eyes in the aligned face, units of its side")
        ->delimiter(',')
        ->expected(2)
        ->capture_default_str();
    app.add_option("--align-eye-mouth", a.options.alignment.eyeMouth,
                   "distance between the midpoints of eyes and mouth, units of the side")
        ->check(CLI::Range(0.01F, 1.F))
        ->capture_default_str();
    app.add_option("--crop-factor", a.cropFactor,
                   "side of the square around a face, units of the face box's side: of --labels' pictures, or to crop "
                   "from whole photographs")
        ->check(CLI::Range(1.F, 10.F))
        ->capture_default_str();
    app.add_option("--mesh", a.options.mesh,
                   "face mesh model (468 points) to render turned views of near-frontal pictures")
        ->check(CLI::ExistingFile);
    app.add_option("--turned", a.options.turned, "turned views per near-frontal picture")
        ->check(CLI::Range(0, 12))
        ->capture_default_str();
    app.add_option("--turn-below", a.options.turnBelow,
                   "yaw up to which a picture is turned, degrees; beyond 25, only further to its own side")
        ->check(CLI::Range(0.F, 75.F))
        ->capture_default_str();
    app.add_option("--mesh-score", a.options.meshScore, "minimum face score of the mesh to turn a picture")
        ->capture_default_str();
    auto* detector = app.add_option("--detector", a.options.detector,
                                    "YuNet model to detect faces and to locate landmarks, also those of turned views")
                         ->check(CLI::ExistingFile);
    photos->needs(detector)->check(CLI::ExistingDirectory);
    app.add_option("--teacher", a.options.teacher, "recogniser (ONNX) whose embeddings are stored in the set")
        ->check(CLI::ExistingFile);
    app.add_option("--teacher-order", a.order, "channel order of the teacher's input")
        ->check(CLI::IsMember({"BGR", "RGB"}))
        ->capture_default_str();
    app.add_option("--teacher-mean", a.options.teacherInput.mean,
                   "teacher's input is (pixel - mean) / scale; one number or three, in its channel order")
        ->delimiter(',')
        ->expected(1, 3)
        ->capture_default_str();
    app.add_option("--teacher-scale", a.options.teacherInput.scale, "scale of the teacher's input, as --teacher-mean")
        ->delimiter(',')
        ->expected(1, 3)
        ->capture_default_str();
    app.add_option("--teacher-align", a.teacherAlign,
                   "two-point: like the faces; five-point: as for ArcFace, black outside the picture")
        ->check(CLI::IsMember({"two-point", "five-point"}))
        ->capture_default_str();
    app.add_option("--teacher-size", a.options.teacherInput.size, "side of the teacher's input, pixels")
        ->capture_default_str();
    app.add_option("--threads", a.threads, "worker threads")->check(CLI::Range(1, 256))->capture_default_str();
    app.add_option("--seed", a.options.seed, "seed of the turned views' yaws")->capture_default_str();
    app.add_option("--limit", a.limit, "use only this many pictures, spread over the list; 0: all")
        ->capture_default_str();
    app.add_option("--dropped", a.dropped, "CSV file for what is left out and why; default: OUTPUT.dropped.csv");
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
        stream << d.line << ',' << drgan::io::quoteCsv(d.file) << ',' << drgan::io::quoteCsv(d.reason) << '\n';
    }
    stream.close();
    if (!stream) {
        throw std::runtime_error(path + ": the list of what was left out cannot be written");
    }
}

drgan::data::Labels readList(const Arguments& a) {
    if (!a.people.empty()) {
        return drgan::data::readPeople(a.people, a.devShare);
    }
    if (!a.cfp.empty()) {
        std::vector<drgan::data::NumberRange> dev;
        for (const std::string& text : a.devPeople) {
            try {
                dev.push_back(drgan::data::parseRange(text));
            } catch (const std::runtime_error& error) {
                throw std::runtime_error(std::string("--dev-people: ") + error.what());
            }
        }
        return drgan::data::readCfp(a.cfp, dev, a.options.detector.empty());
    }
    drgan::data::RowFilter filter = a.filter;
    for (const std::string& condition : a.only) {
        const size_t equals = condition.find('=');
        if (equals == std::string::npos) {
            throw std::runtime_error("--only " + condition + ": expected COLUMN=TEXT");
        }
        filter.columns[condition.substr(0, equals)] = condition.substr(equals + 1);
    }
    return drgan::data::readLabels(a.labels + "/labels.csv", filter);
}

// A line for each person who has no usable picture and is therefore not in the set.
void countPeople(const std::vector<drgan::data::Label>& rows, const std::vector<Prepared>& prepared,
                 std::vector<Dropped>& dropped) {
    std::map<std::string, std::pair<size_t, size_t>> pictures;  // person -> usable, all
    for (size_t i = 0; i < rows.size(); ++i) {
        pictures[rows[i].person].first += prepared[i].faces.empty() ? 0 : 1;
        pictures[rows[i].person].second += 1;
    }
    size_t single = 0;
    std::vector<Dropped> lost;
    for (const auto& [person, count] : pictures) {
        single += count.first == 1 ? 1 : 0;
        if (count.first == 0) {
            lost.push_back(
                {0, person, "none of this person's " + std::to_string(count.second) + " pictures can be used"});
        }
    }
    dropped.insert(dropped.begin(), lost.begin(), lost.end());
    if (single > 0) {
        spdlog::info("{} people have only one picture", single);
    }
}

// Finds the faces of photographs.
int labelPhotos(const Arguments& a) {
    cv::setNumThreads(1);
    ProgressLine line;
    const drgan::io::SceneFaces faces =
        drgan::data::labelScenes(a.photos, a.options.detector, a.threads, std::ref(line));
    size_t count = 0, sure = 0;
    for (const auto& [file, found] : faces) {
        count += found.size();
        sure += static_cast<size_t>(
            std::count_if(found.begin(), found.end(), [](const auto& face) { return face.score >= 0.85F; }));
    }
    drgan::io::writeSceneFaces(a.output, faces);
    spdlog::info("{}: {} faces in {} photographs, {} of them with a score of 0.85 and more", a.output, count,
                 faces.size(), sure);
    return 0;
}

int run(Arguments& a) {
    if (!a.photos.empty()) {
        return labelPhotos(a);
    }
    a.options.alignment.eyes = {a.eyes[0], a.eyes[1]};
    a.options.boxShare = 1 / a.cropFactor;
    a.options.whole = a.labels.empty();
    a.options.cutter.cropFactor = a.cropFactor;
    a.options.cutter.detector = a.options.detector;
    a.options.cutter.listOnly = !a.cfp.empty() && a.options.detector.empty();
    a.options.teacherFivePoint = a.teacherAlign == "five-point";
    a.options.teacherInput.rgb = drgan::data::parseChannelOrder(a.order);
    if (a.dropped.empty()) {
        a.dropped = a.output + ".dropped.csv";
    }
    cv::setNumThreads(1);  // the workers run in parallel

    const std::string folder = a.labels + a.people + a.cfp;  // one of them
    drgan::data::Labels labels = readList(a);
    if (a.limit > 0 && a.limit < labels.rows.size()) {
        std::vector<drgan::data::Label> some;
        for (size_t i = 0; i < a.limit; ++i) {
            some.push_back(labels.rows[i * labels.rows.size() / a.limit]);
        }
        labels.rows = std::move(some);
    }
    spdlog::info("{}: {} pictures, {} bad rows or files", folder, labels.rows.size(), labels.dropped.size());
    std::vector<Dropped> dropped = labels.dropped;
    ProgressLine line;
    std::vector<drgan::data::Prepared> prepared =
        drgan::data::prepareAll(folder, labels.rows, a.options, a.threads, std::ref(line), dropped);
    int detected = 0;
    int given = 0;
    for (const drgan::data::Prepared& p : prepared) {
        detected += p.detected;
        given += p.given;
    }
    countPeople(labels.rows, prepared, dropped);
    const drgan::data::SetSummary summary = drgan::data::writeFaceSet(a.output, a.options, labels.rows, prepared);
    writeDropped(a.dropped, dropped);
    spdlog::info("{}: {} real and {} turned faces ({} with the detector's landmarks) of {} people", a.output,
                 summary.real, summary.turned, detected, summary.persons);
    if (!a.cfp.empty()) {
        spdlog::info("{} faces were aligned with CFP's fiducials", given);
    }
    size_t pictures = 0;
    for (const Dropped& d : dropped) {
        pictures += d.line > 0 ? 1 : 0;
    }
    for (size_t i = 0; i < dropped.size() && i < 5; ++i) {
        spdlog::warn("{} ({}): {}", dropped[i].line, dropped[i].file, dropped[i].reason);
    }
    if (!dropped.empty()) {
        spdlog::warn("{} pictures were left out, and {} folders or other files; all of them, with reasons: {}",
                     pictures, dropped.size() - pictures, a.dropped);
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{
        "Writes a face set for drgan-train: aligns pictures of people, renders turned views, stores the teacher's "
        "embeddings."};
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
