// SPDX-License-Identifier: Apache-2.0
#include "small_network/labelled_scenes.hpp"

#include <algorithm>
#include <cmath>
#include <opencv2/drgan.hpp>
#include <stdexcept>

#include "io/scene_faces.hpp"
#include "run/random.hpp"
#include "run/sampling.hpp"

namespace drgan::train {

namespace {

constexpr double leastSure = 0.6;     // of CutOptions::smallest: a smaller face is not even asked for
constexpr int tries = 200;            // photographs without a usable face before drawFace() gives up
constexpr double leastLoose = 12;     // pixels of a box in a photograph, for drawFace()
constexpr double looseFactor = 3;     // of the box's larger side
constexpr int looseSide = 192;        // pixels
constexpr double leastVisible = 0.5;  // of a box, for it to be learned

double logUniform(std::mt19937_64& random, double low, double high) {
    return std::exp(uniform(random, std::log(low), std::log(std::max(low, high))));
}

/// A face of the photograph in a cut of `side` pixels.
SceneFace inCut(const SceneFace& face, const Square& square, int side, bool mirror) {
    Landmarks middle{};
    middle[0] = static_cast<float>(face.box.x + face.box.width / 2);
    middle[1] = static_cast<float>(face.box.y + face.box.height / 2);
    middle = inCrop(middle, square);
    SceneFace result{inCrop(face.landmarks, square), {}, face.sure};
    for (float& value : result.landmarks) {
        value *= static_cast<float>(side);
    }
    double x = side * static_cast<double>(middle[0]);
    const double y = side * static_cast<double>(middle[1]), scale = side / square.side;
    if (mirror) {
        x = side - 1 - x;
        result.landmarks = mirrored(result.landmarks, side);
    }
    const cv::Size2d size(face.box.width * scale, face.box.height * scale);
    result.box = {cv::Point2d(x - size.width / 2, y - size.height / 2), size};
    return result;
}

}  // namespace

LabelledScenes::LabelledScenes(const std::string& folder, const std::string& table, double sure) : photos_(folder) {
    io::SceneFaces known = io::readSceneFaces(table);
    faces_.resize(photos_.size());
    for (size_t i = 0; i < photos_.size(); ++i) {
        const auto it = known.find(photos_.name(i));
        if (it == known.end()) {
            continue;
        }
        for (const io::LabelledFace& face : it->second) {
            const bool complete =
                std::any_of(face.landmarks.begin(), face.landmarks.end(), [](float v) { return v != 0; });
            faces_[i].push_back({face.landmarks, face.box, complete && face.score >= sure});
        }
        known.erase(it);
        used_[isValidationPerson(photos_.name(i)) ? 1 : 0].push_back(i);
    }
    if (!known.empty()) {
        throw std::runtime_error(table + ": '" + known.begin()->first + "' is not in " + folder);
    }
}

size_t LabelledScenes::faces() const {
    size_t count = 0;
    for (const auto& photo : faces_) {
        count += static_cast<size_t>(std::count_if(photo.begin(), photo.end(), [](const auto& f) { return f.sure; }));
    }
    return count;
}

Square LabelledScenes::place(size_t photo, const CutOptions& how, std::mt19937_64& random) const {
    const double width = photos_.width(photo), height = photos_.height(photo);
    const double least = how.side / how.mostEnlarged, most = std::max(width, height);
    std::vector<const SceneFace*> sure;
    for (const SceneFace& face : faces_[photo]) {
        if (face.sure) {
            sure.push_back(&face);
        }
    }
    Square square;
    square.roll = chance(how.tiltShare, random) ? uniform(random, -how.tilt, how.tilt) : 0;
    if (sure.empty() || chance(how.anywhere, random)) {
        square.side = logUniform(random, least, most);
        square.x = uniform(random, 0, width);
        square.y = uniform(random, 0, height);
    } else {
        const SceneFace& face = *pick(sure, random);
        const double wanted = logUniform(random, how.smallest, how.largest * how.side);
        square.side = std::clamp(sideOf(face) * how.side / wanted, least, std::max(least, most));
        const double room = std::max(0.0, square.side - sideOf(face)) / 2;
        square.x = face.box.x + face.box.width / 2 + uniform(random, -room, room);
        square.y = face.box.y + face.box.height / 2 + uniform(random, -room, room);
    }
    // As little as possible beyond the photograph.
    const auto within = [&](double at, double length) {
        const double half = std::min(square.side, length) / 2;
        return std::clamp(at, half, length - half);
    };
    square.x = within(square.x, width);
    square.y = within(square.y, height);
    return square;
}

const std::vector<size_t>& LabelledScenes::photos(bool validation) const {
    const std::vector<size_t>& photos = used_[validation ? 1 : 0];
    if (photos.empty()) {
        throw std::runtime_error(std::string("no photograph for ") + (validation ? "validation" : "training"));
    }
    return photos;
}

LabelledScenes::Cut LabelledScenes::draw(const CutOptions& how, std::mt19937_64& random) const {
    const size_t photo = pick(photos(how.validation), random);
    const Square square = place(photo, how, random);
    const bool mirror = chance(0.5, random);
    Cut cut{photos_.cut(photo, square, how.side, mirror), {}};
    const cv::Rect2d picture(0, 0, how.side, how.side);
    for (const SceneFace& known : faces_[photo]) {
        SceneFace face = inCut(known, square, how.side, mirror);
        const double visible = (face.box & picture).area() / face.box.area();
        if (visible <= 0) {
            continue;
        }
        face.sure = face.sure && visible >= leastVisible && sideOf(face) >= leastSure * how.smallest;
        cut.faces.push_back(face);
    }
    return cut;
}

LooseFaces::Picture LabelledScenes::drawFace(bool validation, std::mt19937_64& random,
                                             std::vector<cv::Rect2d>& others) const {
    for (int i = 0; i < tries; ++i) {
        const size_t photo = pick(photos(validation), random);
        std::vector<const SceneFace*> sure;
        for (const SceneFace& face : faces_[photo]) {
            if (face.sure && sideOf(face) >= leastLoose) {
                sure.push_back(&face);
            }
        }
        if (sure.empty()) {
            continue;
        }
        const SceneFace& face = *pick(sure, random);
        const cv::Point2d middle = (face.box.tl() + face.box.br()) / 2;
        const Square square{middle.x, middle.y, looseFactor * sideOf(face), 0};
        const bool mirror = chance(0.5, random);
        LooseFaces::Picture picture;
        picture.pixels = photos_.cut(photo, square, looseSide, mirror);
        picture.landmarks = inCut(face, square, looseSide, mirror).landmarks;
        picture.yaw = cv::drgan::estimateYaw(cv::Mat(5, 2, CV_32F, picture.landmarks.data()));
        others.clear();
        for (const SceneFace& other : faces_[photo]) {
            if (&other != &face) {
                others.push_back(inCut(other, square, looseSide, mirror).box);
            }
        }
        return picture;
    }
    throw std::runtime_error("no photograph with a face of " + std::to_string(static_cast<int>(leastLoose)) +
                             " pixels in " + std::to_string(tries));
}

}  // namespace drgan::train
