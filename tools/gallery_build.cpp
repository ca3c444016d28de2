// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <map>
#include <opencv2/drgan.hpp>
#include <stdexcept>

#include "add_people.hpp"
#include "gallery_commands.hpp"
#include "gallery_lock.hpp"
#include "people_files.hpp"
#include "still_faces.hpp"

namespace fs = std::filesystem;
using cv::drgan::Gallery;
using drgan::enrolment::Seen;
using drgan::enrolment::Source;

namespace drgan::tools {

namespace {

/// On a terminal one line that is overwritten; elsewhere one line per person.
class Progress {
public:
    explicit Progress(size_t pictures) : pictures_(pictures), terminal_(::isatty(STDERR_FILENO) == 1) {}
    ~Progress() { clear(); }

    void picture(const std::string& person) {
        if (!terminal_ && person != person_) {
            std::fprintf(stderr, "[%zu/%zu] %s\n", done_, pictures_, person.c_str());
        }
        person_ = person;
        ++done_;
        if (terminal_) {
            std::fprintf(stderr, "\r\033[K[%zu/%zu] %.60s", done_, pictures_, person.c_str());
            std::fflush(stderr);
        }
    }
    void person(const std::string& name, size_t used, size_t of) {
        clear();
        std::fprintf(stderr, "%s: %zu of %zu pictures\n", name.c_str(), used, of);
    }
    void problem(const std::string& text) {
        clear();
        std::fprintf(stderr, "drgan-gallery: %s\n", text.c_str());
    }

private:
    void clear() {
        if (terminal_) {
            std::fputs("\r\033[K", stderr);
        }
    }
    size_t pictures_;
    size_t done_ = 0;
    std::string person_;
    bool terminal_;
};

/// Reports pictures that are not used, or used with a remark.
class Notes {
public:
    explicit Notes(Progress& progress) : progress_(progress) {}

    void dropped(const std::string& picture, const std::string& reason) { add(dropped_, picture, reason); }
    void taken(const std::string& picture, const std::string& note) { add(notes_, picture, note); }
    const Json& allDropped() const { return dropped_; }
    const Json& allTaken() const { return notes_; }

private:
    void add(Json& to, const std::string& picture, const std::string& reason) {
        progress_.problem(picture + ": " + reason);
        to.push_back({{"picture", picture}, {"reason", reason}});
    }
    Progress& progress_;
    Json dropped_ = Json::array();
    Json notes_ = Json::array();
};

/// Embeds the face of each picture. @return in the order of `files`; without an embedding where there is no face
std::vector<Seen> lookAt(const std::vector<Source>& files, enrolment::StillFaces& faces, Progress& progress,
                         Notes& notes) {
    std::vector<Seen> seen;
    for (const Source& source : files) {
        progress.picture(source.name);
        seen.push_back({source.name, source.file, {}, 0, source.picture});
        try {
            const enrolment::StillFace face = faces.read(source.file, true);
            seen.back().piece = {face.embedding, face.confidence};
            seen.back().images = 1;
            if (!face.note.empty()) {
                notes.taken(source.file, face.note);
            }
        } catch (const cv::Exception& error) {
            notes.dropped(source.file, error.err);
        } catch (const std::runtime_error& error) {
            notes.dropped(source.file, error.what());
        }
    }
    return seen;
}

}  // namespace

int buildGallery(const GalleryArguments& arguments) {
    const auto checkBuild = [&] {
        checkMayWrite(arguments.gallery, arguments.replace || arguments.add,
                      "--add adds to it, --replace overwrites it");
    };
    checkBuild();
    const enrolment::Sources sources = enrolment::findSources({arguments.folder}, {});
    const size_t pictures = sources.files.size();
    if (pictures == 0) {
        throw std::runtime_error(
            arguments.folder + ": contains no pictures, expected a folder for each person" +
            (sources.aside.empty() ? "" : "; " + sources.aside[0].file + " " + sources.aside[0].reason));
    }
    enrolment::StillFaces faces(arguments.bundle, arguments.detector);
    const auto add = [&] { return arguments.add && fs::exists(arguments.gallery); };
    if (add()) {  // reports a damaged gallery before an hour's work, not after
        Gallery::load(arguments.gallery, faces.encoder());
    }
    Progress progress(pictures);
    Notes notes(progress);
    for (const auto& [file, reason] : sources.aside) {
        notes.dropped(file, reason);
    }
    const std::vector<Seen> seen = lookAt(sources.files, faces, progress, notes);

    // The gallery is read only now, and locked until it is saved.
    const enrolment::GalleryLock lock(arguments.gallery);
    checkBuild();
    const auto gallery = add() ? Gallery::load(arguments.gallery, faces.encoder()) : Gallery::create(faces.encoder());
    const auto match = [&](const cv::Mat& a, const cv::Mat& b) { return faces.encoder()->match(a, b); };
    const auto verdicts = enrolment::addPeople(seen, *gallery, match, faces.bundle().matchThreshold,
                                               {arguments.keepUnlike, !arguments.noPictures});
    size_t fused = 0;
    std::map<std::string, std::pair<size_t, size_t>> people;  // pictures used, all pictures
    for (size_t i = 0; i < seen.size(); ++i) {
        fused += verdicts[i].taken;
        people[seen[i].name].first += verdicts[i].taken;
        ++people[seen[i].name].second;
        if (!verdicts[i].reason.empty()) {
            notes.dropped(seen[i].file, verdicts[i].reason);
        } else if (verdicts[i].taken && verdicts[i].unlike) {
            notes.taken(seen[i].file, cv::format("unlike the other files of %s (%.2f): is it the same person?",
                                                 seen[i].name.c_str(), verdicts[i].likeness));
        }
    }
    if (fused == 0) {
        throw std::runtime_error(arguments.folder + ": none of its " + std::to_string(pictures) +
                                 " pictures can be used; no gallery was written");
    }
    gallery->save(arguments.gallery);
    for (const auto& [name, count] : people) {
        progress.person(name, count.first, count.second);
    }
    if (arguments.json) {
        printJson({{"gallery", arguments.gallery},
                   {"bundle_id", gallery->bundleId()},
                   {"people", gallery->size()},
                   {"pictures", pictures},
                   {"fused", fused},
                   {"dropped", notes.allDropped()},
                   {"notes", notes.allTaken()}});
    } else {
        std::printf("%s: %d people; of %zu pictures %zu were used\n", arguments.gallery.c_str(), gallery->size(),
                    pictures, fused);
    }
    return 0;
}

}  // namespace drgan::tools
