// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <opencv2/drgan.hpp>
#include <stdexcept>

#include "gallery_commands.hpp"
#include "still_faces.hpp"

namespace fs = std::filesystem;
using cv::drgan::Gallery;

namespace drgan::tools {

namespace {

/// What is in a folder, sorted, but for what is hidden.
std::vector<fs::path> contents(const fs::path& folder, bool folders) {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(folder)) {
        const bool right = folders ? entry.is_directory() : entry.is_regular_file();
        if (right && entry.path().filename().string().front() != '.') {
            found.push_back(entry.path());
        }
    }
    std::sort(found.begin(), found.end());
    return found;
}

/// One line that is written over on a terminal; elsewhere a line per person.
class Progress {
public:
    explicit Progress(size_t pictures) : pictures_(pictures), terminal_(::isatty(STDERR_FILENO) == 1) {}
    ~Progress() { clear(); }

    void picture(const std::string& person) {
        ++done_;
        if (terminal_) {
            std::fprintf(stderr, "\r\033[K[%zu/%zu] %.60s", done_, pictures_, person.c_str());
            std::fflush(stderr);
        }
    }
    void person(const std::string& name, size_t used, size_t of) {
        if (!terminal_) {
            std::fprintf(stderr, "[%zu/%zu] %s: %zu of %zu pictures\n", done_, pictures_, name.c_str(), used, of);
        }
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
    bool terminal_;
};

}  // namespace

int buildGallery(const GalleryArguments& arguments) {
    checkMayWrite(arguments.gallery, arguments.replace || arguments.add,
                  "--add adds to it, --replace lets the new one take its place");
    StillFaces faces(arguments.bundle, arguments.detector);
    const auto gallery = arguments.add && fs::exists(arguments.gallery)
                             ? Gallery::load(arguments.gallery, faces.encoder())
                             : Gallery::create(faces.encoder());
    std::vector<std::pair<fs::path, std::vector<fs::path>>> people;
    size_t pictures = 0;
    for (const fs::path& folder : contents(arguments.folder, true)) {
        people.emplace_back(folder, contents(folder, false));
        pictures += people.back().second.size();
    }
    if (pictures == 0) {
        throw std::runtime_error(arguments.folder + ": holds no pictures, expected a folder for each person in it");
    }
    Json dropped = Json::array();
    size_t fused = 0;
    Progress progress(pictures);
    for (const auto& [folder, files] : people) {
        const std::string name = folder.filename().string();
        size_t used = 0;
        for (const fs::path& file : files) {
            progress.picture(name);
            std::string reason;
            try {
                const StillFace face = faces.read(file.string());
                gallery->add(name, face.embedding, face.confidence);
                ++used;
            } catch (const cv::Exception& error) {
                reason = error.err;
            } catch (const std::runtime_error& error) {
                reason = error.what();
            }
            if (!reason.empty()) {
                progress.problem(file.string() + ": " + reason);
                dropped.push_back({{"picture", file.string()}, {"reason", reason}});
            }
        }
        progress.person(name, used, files.size());
        fused += used;
    }
    if (fused == 0) {
        throw std::runtime_error(arguments.folder + ": none of its " + std::to_string(pictures) +
                                 " pictures can be used; no gallery was written");
    }
    gallery->save(arguments.gallery);
    if (arguments.json) {
        printJson({{"gallery", arguments.gallery},
                   {"bundle_id", gallery->bundleId()},
                   {"people", gallery->size()},
                   {"pictures", pictures},
                   {"fused", fused},
                   {"dropped", dropped}});
    } else {
        std::printf("%s: %d people; of %zu pictures %zu were used\n", arguments.gallery.c_str(), gallery->size(),
                    pictures, fused);
    }
    return 0;
}

}  // namespace drgan::tools
