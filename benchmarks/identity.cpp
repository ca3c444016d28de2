// SPDX-License-Identifier: Apache-2.0
//
// Measures how often a track mixes two people and how often a person gets two tracks, on clips composed of portraits.
// In each clip somebody else takes the person's place, or the same person turns, is covered, blurred or lit
// differently.
#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <map>
#include <opencv2/core/utility.hpp>
#include <set>
#include <sstream>

#include "core/pipeline.hpp"
#include "identity_clips.hpp"

namespace {

using namespace drgan;
using namespace drgan::bench;

constexpr const char* keys =
    "{help h    | | }"
    "{@bundle   | | folder of a bundle with detector and aligner}"
    "{faces     | | folder with labels.csv (file, person, split, yaw_deg, gender, race) and the pictures, unpacked}"
    "{cfp       | | CFP's folder Data/Images: uses people 351 to 400}"
    "{mesh      | | model of the face mesh, to turn heads}"
    "{clips     |20| of each kind}"
    "{kind      | | run only this kind}"
    "{v         | | print each clip with an error}";

constexpr Time frameTime = 1000000000LL / framesPerSecond;

std::vector<Portrait> labelled(const std::string& folder, Portraits& load, int most) {
    std::ifstream csv(folder + "/labels.csv");
    std::string line;
    std::getline(csv, line);
    std::map<std::string, size_t> column;
    std::istringstream head(line);
    for (std::string name; std::getline(head, name, ',');) {
        column.emplace(name, column.size());
    }
    for (const char* name : {"file", "person", "split", "yaw_deg", "gender", "race", "kind"}) {
        if (column.count(name) == 0) {
            CV_Error(cv::Error::StsBadArg, folder + "/labels.csv: has no column \"" + name + "\"");
        }
    }
    std::vector<Portrait> out;
    std::vector<std::vector<std::string>> rows;
    while (std::getline(csv, line)) {
        std::vector<std::string> cells;
        std::istringstream row(line + ",");
        for (std::string cell; std::getline(row, cell, ',');) {
            cells.push_back(cell);
        }
        cells.resize(column.size());
        if (cells[column["kind"]].empty() && cells[column["split"]] == "dev" && !cells[column["gender"]].empty() &&
            std::abs(std::atof(cells[column["yaw_deg"]].c_str())) < 20) {
            rows.push_back(cells);
        }
    }
    cv::RNG random(1);
    for (size_t i = rows.size(); i > 1; --i) {
        std::swap(rows[i - 1], rows[static_cast<size_t>(random.uniform(0, static_cast<int>(i)))]);
    }
    for (const auto& r : rows) {
        Portrait p;
        if (static_cast<int>(out.size()) < most && std::filesystem::exists(folder + "/" + r[column["file"]]) &&
            load.load(folder + "/" + r[column["file"]], p)) {
            p.person = r[column["person"]];
            p.group = r[column["gender"]] + " " + r[column["race"]];
            out.push_back(p);
        }
    }
    return out;
}

std::vector<Portrait> profilesOf(const std::string& folder, Portraits& load) {
    std::vector<Portrait> out;
    for (int person = 351; person <= 400 && !folder.empty(); ++person) {
        Portrait p;
        if (load.load(folder + "/" + std::to_string(person) + "/profile/01.jpg", p)) {
            p.person = "cfp" + std::to_string(person);
            out.push_back(p);
        }
    }
    return out;
}

Pipeline::Models modelsOf(const std::string& folder) {
    const auto bundle = cv::drgan::Bundle::load(folder);
    Pipeline::Models models;
    models.encoder = cv::drgan::Encoder::create(bundle.encoder);
    models.decoder = cv::drgan::Decoder::create(bundle.decoder, models.encoder);
    models.aligner = cv::drgan::Aligner::create(bundle.aligner, models.encoder);
    const auto detector = cv::drgan::Detector::create(bundle.detector, models.encoder);
    detector->setScoreThreshold(0.65F);  // the element's default
    models.finder = cv::drgan::FaceFinder::createFromModels(detector);
    models.matchThreshold = bundle.matchThreshold;
    return models;
}

struct Outcome {
    bool mixed = false;  ///< a track fused pictures of two people
    bool kept = false;   ///< the new face had the old id 0.2 s after the change or later
    bool split = false;  ///< one person had two ids
    int delay = -1;      ///< frames until the new face had another id; -1: never
    int encodes = 0;
    int images = 0;
};

// The person whose face is in this box; empty: none.
std::string personAt(const cv::Rect2f& box, const std::vector<Shot::Face>& faces) {
    std::string best;
    float common = 0.25F;
    for (const auto& f : faces) {
        if (iou(box, f.box) > common) {
            common = iou(box, f.box);
            best = f.person;
        }
    }
    return best;
}

Outcome run(const Clip& clip, Pipeline& pipeline, Time& now) {
    Outcome out;
    std::map<Time, std::vector<Shot::Face>> shown;
    std::map<int, std::set<std::string>> fused;
    std::map<std::string, std::set<int>> idsOf;
    int before = -1;
    for (int i = 0; i < clip.frames; ++i, now += frameTime) {
        const Shot shot = clip.at(i);
        shown[now] = shot.faces;
        std::vector<Face> upstream;
        if (clip.keyed && !shot.faces.empty()) {
            Face f;
            f.box = shot.faces[0].box;
            f.score = 1;
            f.key = 7;
            f.externalSlot = 0;
            upstream.push_back(f);
        }
        const FrameView view(PixelLayout::bgr, {shot.frame}, {});
        const auto result = pipeline.process(view, now, upstream);
        for (const auto& e : result.report.encoded) {
            const auto track = std::find_if(result.tracks.begin(), result.tracks.end(),
                                            [&](const TrackInfo& t) { return t.id == e.track; });
            if (track != result.tracks.end()) {
                fused[e.track].insert(personAt(track->box, shown[e.taken]));
            }
            ++out.images;
        }
        out.encodes += static_cast<int>(result.report.encoded.size()) + result.report.heldOut;
        for (const auto& t : result.tracks) {
            if (t.lastSeen != now || shot.faces.empty()) {
                continue;
            }
            const std::string person = personAt(t.box, shot.faces);
            if (person.empty()) {
                continue;
            }
            idsOf[person].insert(t.id);
            if (clip.changeAt < 0 || person != shot.faces[0].person) {
                continue;
            }
            if (i < clip.changeAt) {
                before = t.id;
            } else if (t.id == before) {
                out.kept = out.kept || i >= clip.changeAt + framesPerSecond / 5;
                out.delay = -1;
            } else if (out.delay < 0) {
                out.delay = i - clip.changeAt;
            }
        }
    }
    pipeline.finish();
    for (auto& [id, people] : fused) {
        people.erase("");
        out.mixed = out.mixed || people.size() > 1;
    }
    for (const auto& [person, ids] : idsOf) {
        // After a change the old id may remain for a moment, which counts as delay.
        std::set<int> own = ids;
        if (clip.changeAt >= 0) {
            own.erase(before);
        }
        out.split = out.split || own.size() > 1;
    }
    return out;
}

int measure(const cv::CommandLineParser& args) {
    const auto bundle = args.get<std::string>("@bundle");
    Portraits load(bundle);
    auto portraits = labelled(args.get<std::string>("faces"), load, 600);
    auto profiles = profilesOf(args.get<std::string>("cfp"), load);
    std::printf("%zu portraits, %zu profiles\n", portraits.size(), profiles.size());
    ClipMaker maker(std::move(portraits), std::move(profiles), args.get<std::string>("mesh"));
    Pipeline::Options options;
    options.trackTimeout = 2000 * millisecond;
    options.frontals = false;
    Pipeline pipeline(modelsOf(bundle), options);
    Time now = 0;
    std::printf("%-12s %6s %6s %6s %6s %12s %9s %8s\n", "kind", "clips", "mixed", "kept", "split", "delay, ms",
                "encodes", "images");
    int changes = 0, mixed = 0, kept = 0, same = 0, split = 0;
    for (const auto& kind : ClipMaker::kinds()) {
        if (!args.get<std::string>("kind").empty() && args.get<std::string>("kind") != kind) {
            continue;
        }
        int clips = 0, m = 0, k = 0, s = 0, encodes = 0, images = 0;
        std::vector<int> delays;
        for (int n = 0; n < args.get<int>("clips"); ++n) {
            Clip clip;
            if (!maker.make(kind, n, clip)) {
                break;
            }
            const Outcome o = run(clip, pipeline, now);
            ++clips;
            m += o.mixed;
            k += o.kept;
            s += o.split;
            encodes += o.encodes;
            images += o.images;
            if (clip.changeAt >= 0) {
                ++changes;
                mixed += o.mixed;
                kept += o.kept;
                if (o.delay >= 0) {
                    delays.push_back(o.delay);
                }
            } else {
                ++same;
                split += o.split;
            }
            if (args.has("v") && (o.mixed || o.kept || o.split)) {
                std::printf("  %s %d:%s%s%s\n", kind.c_str(), n, o.mixed ? " mixed" : "", o.kept ? " kept" : "",
                            o.split ? " split" : "");
            }
        }
        std::sort(delays.begin(), delays.end());
        const auto percentile = [&](size_t p) {
            return delays.empty() ? -1 : delays[(delays.size() - 1) * p / 100] * 1000 / framesPerSecond;
        };
        std::printf("%-12s %6d %6d %6d %6d %5d %6d %9.1f %8.1f\n", kind.c_str(), clips, m, k, s, percentile(50),
                    percentile(95), clips > 0 ? 1.0 * encodes / clips : 0, clips > 0 ? 1.0 * images / clips : 0);
        std::fflush(stdout);
    }
    std::printf(
        "of %d changes of the person: %d mixed, %d kept the id beyond 0.2 s; of %d clips of one person: %d "
        "split\n",
        changes, mixed, kept, same, split);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    cv::CommandLineParser args(argc, argv, keys);
    if (args.has("help") || !args.has("@bundle") || !args.has("faces")) {
        args.printMessage();
        return args.has("help") ? 0 : 2;
    }
    try {
        return measure(args);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
}
