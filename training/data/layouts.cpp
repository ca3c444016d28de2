// SPDX-License-Identifier: Apache-2.0

#include "layouts.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <random>
#include <sstream>
#include <stdexcept>
#include <system_error>

namespace drgan::data {

namespace fs = std::filesystem;

namespace {

bool isHidden(const fs::path& path) { return path.filename().string().compare(0, 1, ".") == 0; }

bool isPictureName(const fs::path& path) {
    static const char* const suffixes[] = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".pgm", ".ppm"};
    std::string suffix = path.extension().string();
    std::transform(suffix.begin(), suffix.end(), suffix.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return std::find(std::begin(suffixes), std::end(suffixes), suffix) != std::end(suffixes);
}

/// Entries of a folder that are not hidden, sorted. @throws fs::filesystem_error
std::vector<fs::path> entriesOf(const fs::path& folder) {
    std::vector<fs::path> entries;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
        if (!isHidden(entry.path())) {
            entries.push_back(entry.path());
        }
    }
    std::sort(entries.begin(), entries.end());
    return entries;
}

std::string below(const fs::path& path, const fs::path& folder) { return path.lexically_relative(folder).string(); }

bool isFile(const fs::path& path) {
    std::error_code ignored;  // a broken link or a loop of links is no file
    return fs::is_regular_file(path, ignored);
}

bool isFolder(const fs::path& path) {
    std::error_code ignored;
    return fs::is_directory(path, ignored);
}

/// The pictures below a person's folder, sorted.
std::vector<fs::path> picturesBelow(const fs::path& person, const fs::path& root, std::vector<Dropped>& dropped) {
    std::vector<fs::path> pictures;
    std::error_code error;
    // Links to folders are not followed: they may lead back up, to other people's pictures.
    fs::recursive_directory_iterator entry(person, error);
    while (!error && entry != fs::recursive_directory_iterator()) {
        const fs::path path = entry->path();
        if (isHidden(path)) {
            entry.disable_recursion_pending();
        } else if (isPictureName(path) && !isFolder(path)) {
            if (isFile(path)) {
                pictures.push_back(path);
            } else {
                dropped.push_back({0, below(path, root), "is no file"});
            }
        }
        entry.increment(error);
    }
    if (error) {
        dropped.push_back({0, below(person, root), "cannot read the folder: " + error.message()});
    }
    std::sort(pictures.begin(), pictures.end());
    return pictures;
}

/// The same on every machine, unlike std::hash.
bool isChosen(const std::string& name, double share) {
    const std::vector<uint8_t> bytes(name.begin(), name.end());
    std::seed_seq seed(bytes.begin(), bytes.end());
    std::mt19937_64 random(seed);
    return static_cast<double>(random() >> 11) * 0x1p-53 < share;  // in [0, 1)
}

bool isDigits(const std::string& text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

int number(const std::string& text) {
    int value = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (!isDigits(text) || error != std::errc() || rest != text.data() + text.size()) {
        return -1;
    }
    return value;
}

std::vector<cv::Point2f> readPoints(const std::string& path) {
    std::ifstream stream(path);
    if (!stream) {
        throw std::runtime_error(path + ": cannot read");
    }
    std::vector<cv::Point2f> points;
    std::string line;
    for (size_t n = 1; std::getline(stream, line); ++n) {
        if (line.find_first_not_of(" \t\r") == std::string::npos) {
            continue;
        }
        std::istringstream fields(line);
        cv::Point2f p;
        char comma = 0;
        std::string rest;
        if (!(fields >> p.x >> comma >> p.y) || comma != ',' || (fields >> rest) || !std::isfinite(p.x + p.y)) {
            throw std::runtime_error(path + ":" + std::to_string(n) + ": got '" + line + "', expected 'x,y'");
        }
        points.push_back(p);
    }
    return points;
}

}  // namespace

Labels readPeople(const std::string& folder, double devShare) {
    if (!isFolder(folder)) {
        throw std::runtime_error(folder + ": is not a folder that can be read, expected one with a folder per person");
    }
    // canonical(), so that a link to a folder that was read already, or to one around it, is seen as such.
    const fs::path root = fs::canonical(folder);
    std::map<fs::path, std::string> known;
    for (fs::path up = root; known.emplace(up, "").second; up = up.parent_path()) {
    }
    Labels labels;
    bool any = false;
    for (const fs::path& person : entriesOf(root)) {
        const std::string name = person.filename().string();
        if (!isFolder(person)) {
            if (isPictureName(person)) {
                labels.dropped.push_back({0, name, "lies in no person's folder"});
            }
            continue;
        }
        any = true;
        std::error_code error;
        const fs::path place = fs::canonical(person, error);
        const auto [same, isNew] = known.emplace(place, name);
        if (!isNew) {
            const std::string& other = same->second;
            labels.dropped.push_back(
                {0, name, other.empty() ? "links to a folder around it" : "is the same folder as " + other});
            continue;
        }
        const size_t before = labels.dropped.size();
        const std::vector<fs::path> pictures = picturesBelow(person, root, labels.dropped);
        if (pictures.empty() && labels.dropped.size() == before) {
            labels.dropped.push_back({0, name, "there is no picture in this person's folder"});
        }
        for (const fs::path& picture : pictures) {
            Label label;
            label.line = ++labels.listed;
            label.file = below(picture, root);
            label.person = name;
            label.split = isChosen(name, devShare) ? 1 : 0;
            labels.rows.push_back(label);
        }
    }
    if (!any) {
        throw std::runtime_error(folder + ": there is no folder in it, expected one per person");
    }
    return labels;
}

NumberRange parseRange(const std::string& text) {
    const size_t dash = text.find('-');
    const int first = number(text.substr(0, dash));
    const int last = dash == std::string::npos ? first : number(text.substr(dash + 1));
    if (first < 0 || last < first) {
        throw std::runtime_error("'" + text + "' is no range of people, expected one like 351-400 or 7");
    }
    return {first, last};
}

Fiducials readFiducials(const std::string& path, bool profile) {
    const std::vector<cv::Point2f> points = readPoints(path);
    if (points.size() != 30) {
        throw std::runtime_error(path + ": " + std::to_string(points.size()) + " points, expected 30");
    }
    // The points lie on one half of the face: 0-8 its outline, 9-11 the brow, 12-17 around the eye, 18-21 the ridge of
    // the nose from its root to its tip, 22-24 below it, 25 the corner of the mouth, 26-29 the middle of the lips.
    constexpr size_t noseRoot = 18, noseTip = 21, mouthCorner = 25, lips = 27;
    cv::Point2f eye;
    for (size_t i = 12; i < 18; ++i) {
        eye += points[i];
    }
    eye /= 6;
    // How far the midpoints lie from the seen eye towards the nose's root, and from the corner towards the lips'
    // middle. Seen from the front, all the way. Else in the median over the profiles of people 351-400, against YuNet's
    // points at a face size of 110 pixels: at large yaws the hidden eye is behind the seen one, not in front of it.
    const float toRoot = profile ? 0.70F : 1.F;
    const float toLips = profile ? 0.52F : 1.F;
    const cv::Point2f eyes = eye + (points[noseRoot] - eye) * toRoot;
    const cv::Point2f mouth = points[mouthCorner] + (points[lips] - points[mouthCorner]) * toLips;
    const cv::Point2f down = mouth - eyes;
    const cv::Point2f across = points[noseTip] - eye;
    // A nose to the image's right of the seen eye makes that one the subject's right.
    const bool right = across.x * down.y - across.y * down.x > 0;
    Landmarks landmarks;
    landmarks[right ? 0 : 1] = eye;
    landmarks[right ? 1 : 0] = 2 * eyes - eye;
    landmarks[2] = points[noseTip];
    landmarks[right ? 3 : 4] = points[mouthCorner];
    landmarks[right ? 4 : 3] = 2 * mouth - points[mouthCorner];
    return {landmarks, right};
}

Labels readCfp(const std::string& folder, const std::vector<NumberRange>& dev, bool needFiducials) {
    const fs::path root(folder);
    const fs::path images = root / "Data/Images";
    if (!isFolder(images)) {
        throw std::runtime_error(folder + ": not CFP's layout: there is no folder Data/Images");
    }
    if (needFiducials && !isFolder(root / "Data/Fiducials")) {
        throw std::runtime_error(folder + ": there is no folder Data/Fiducials, and no --detector to do without it");
    }
    Labels labels;
    bool any = false;
    for (const fs::path& person : entriesOf(images)) {
        const std::string name = person.filename().string();
        const int which = number(name);
        if (which < 0 || !isFolder(person)) {
            continue;
        }
        any = true;
        const bool isDev = std::any_of(dev.begin(), dev.end(),
                                       [&](const NumberRange& r) { return r.first <= which && which <= r.second; });
        size_t pictures = 0;
        for (const char* kind : {"frontal", "profile"}) {
            if (!isFolder(person / kind)) {
                continue;
            }
            for (const fs::path& picture : entriesOf(person / kind)) {
                if (!isPictureName(picture)) {
                    continue;
                }
                ++pictures;
                Label label;
                label.line = ++labels.listed;
                label.file = below(picture, root);
                label.person = "cfp" + name;
                label.split = isDev ? 1 : 0;
                if (!isFile(picture)) {
                    labels.dropped.push_back({label.line, label.file, "is no file"});
                    continue;
                }
                const fs::path points = root / "Data/Fiducials" / name / kind / picture.stem().concat(".txt");
                try {
                    label.landmarks = readFiducials(points.string(), kind == std::string("profile")).landmarks;
                    label.hasLandmarks = true;
                } catch (const std::runtime_error& error) {
                    if (needFiducials) {
                        labels.dropped.push_back({label.line, label.file, error.what()});
                        continue;
                    }
                }
                labels.rows.push_back(label);
            }
        }
        if (pictures == 0) {
            labels.dropped.push_back({0, below(person, root), "there is no picture in this person's folder"});
        }
    }
    if (!any) {
        throw std::runtime_error(images.string() +
                                 ": there is no folder in it, expected one per person (001, 002, ...)");
    }
    return labels;
}

}  // namespace drgan::data
