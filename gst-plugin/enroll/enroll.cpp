// SPDX-License-Identifier: Apache-2.0
#include "enroll.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <stdexcept>

namespace drgan::enroll {
namespace {

namespace fs = std::filesystem;

constexpr GstClockTime stillInterval = 40 * GST_MSECOND;
// A face of which one sighting is not enough is believed when it is seen again.
constexpr int stillSightings = 3;

bool isHidden(const fs::path& path) { return path.filename().native().rfind('.', 0) == 0; }

// A folder's files, in its folders, too, sorted.
std::vector<std::string> filesBelow(const fs::path& folder) {
    std::vector<std::string> files;
    for (auto i = fs::recursive_directory_iterator(folder); i != fs::recursive_directory_iterator(); ++i) {
        if (isHidden(i->path())) {
            i.disable_recursion_pending();
        } else if (i->is_regular_file()) {
            files.push_back(i->path().native());
        }
    }
    std::sort(files.begin(), files.end());
    return files;
}

// Shows a file's pictures. @return whether it was a single one
bool play(const std::string& file, FaceElement& element) {
    Media media(file, element.formats());
    SamplePtr first = media.next();
    if (!first) {
        throw std::runtime_error("holds no picture");
    }
    SamplePtr next = media.next();
    if (!next) {
        for (int i = 0; i < stillSightings; ++i) {
            element.show(first.get(), static_cast<GstClockTime>(i) * stillInterval);
        }
        return true;
    }
    GstClockTime time = 0;
    for (SamplePtr frame = std::move(first); frame; frame = next ? std::move(next) : media.next()) {
        const GstClockTime own = GST_BUFFER_PTS(gst_sample_get_buffer(frame.get()));
        time = GST_CLOCK_TIME_IS_VALID(own) ? own : time + stillInterval;
        element.show(frame.get(), time);
    }
    return false;
}

Choice look(const std::string& file, FaceElement& element, const Match& match, double threshold) {
    try {
        const bool still = play(file, element);
        auto tracks = element.finish();
        return still ? choosePicture(std::move(tracks)) : chooseVideo(std::move(tracks), match, threshold);
    } catch (const std::exception& e) {
        element.finish();  // what was seen until then is not all of it
        return {{}, e.what()};
    }
}

struct Part {
    size_t outcome;
    cv::Mat embedding;
    double totalConfidence;
    int images;
};

// How alike a file's face is to that of the person's other files.
void compare(const std::vector<Part>& parts, std::vector<Outcome>& outcomes, const Match& match, double threshold) {
    for (const auto& part : parts) {
        cv::drgan::Template others;
        for (const auto& other : parts) {
            if (&other != &part) {
                others.add(other.embedding, static_cast<float>(other.totalConfidence));
            }
        }
        if (others.size() > 0) {
            cv::Mat fused;
            others.fused(fused);
            Outcome& outcome = outcomes[part.outcome];
            outcome.likeness = match(part.embedding, fused);
            outcome.unlike = outcome.likeness < threshold;
        }
    }
}

}  // namespace

Sources findSources(const std::vector<std::string>& paths, const std::string& name) {
    Sources out;
    for (const auto& text : paths) {
        const fs::path path(text);
        if (!fs::exists(path)) {
            throw std::runtime_error(text + ": there is no such file or folder");
        }
        if (!name.empty()) {
            if (fs::is_directory(path)) {
                for (const auto& file : filesBelow(path)) {
                    out.files.push_back({name, file});
                }
            } else {
                out.files.push_back({name, text});
            }
            continue;
        }
        if (!fs::is_directory(path)) {
            throw std::runtime_error(text + ": is no folder; whose it is, --name says");
        }
        std::vector<fs::path> entries;
        std::copy_if(fs::directory_iterator(path), fs::directory_iterator(), std::back_inserter(entries),
                     [](const fs::path& p) { return !isHidden(p); });
        std::sort(entries.begin(), entries.end());
        for (const auto& entry : entries) {
            if (!fs::is_directory(entry)) {
                out.aside.push_back(entry.native());
                continue;
            }
            for (const auto& file : filesBelow(entry)) {
                out.files.push_back({entry.filename().native(), file});
            }
        }
    }
    return out;
}

std::vector<Outcome> enroll(const std::vector<Source>& files, FaceElement& element, cv::drgan::Gallery& gallery,
                            const Match& match, double threshold,
                            const std::function<void(size_t index, const Source&)>& progress) {
    std::vector<Outcome> outcomes;
    std::map<std::string, std::vector<Part>> people;
    for (size_t i = 0; i < files.size(); ++i) {
        progress(i, files[i]);
        Outcome outcome;
        outcome.source = files[i];
        const Choice choice = look(files[i].file, element, match, threshold);
        outcome.reason = choice.reason;
        try {
            for (const auto& t : choice.tracks) {
                gallery.addFused(files[i].name, t.embedding, t.totalConfidence, t.images);
                people[files[i].name].push_back({i, t.embedding, t.totalConfidence, t.images});
                outcome.images += t.images;
                outcome.totalConfidence += t.totalConfidence;
            }
        } catch (const cv::Exception& e) {
            outcome.reason = e.err.empty() ? e.what() : e.err;  // a name that a gallery does not take
        }
        outcomes.push_back(outcome);
    }
    for (const auto& [name, parts] : people) {
        compare(parts, outcomes, match, threshold);
    }
    return outcomes;
}

}  // namespace drgan::enroll
