// SPDX-License-Identifier: Apache-2.0
#include "detector/batches.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "run/picture.hpp"
#include "run/random.hpp"
#include "small_network/worn_mask.hpp"

namespace drgan::train {

namespace {

// Pictures that are blurred or of low resolution as a whole have no faces that this would wipe out.
constexpr double poorShare = 0.5, poorSmallest = 3;  // of the pictures; times the smallest face
constexpr double boxInPiece = 0.57;                  // of a decoy's side: a face's box in a usual set's picture
constexpr double largestFace = 1;                    // of the picture's side
constexpr double ownSmallest = 0.42, ownLargest = 1.05;
constexpr double ownMargin = 1.15;  // of a crop that the set shows: the aligned picture may be rolled in it
constexpr double inside = 0.15;     // of the box: so far from the border is the middle of a face that is cut off
constexpr double apart = 0.62;      // of the sum of two boxes' sides: nearer, one face would hide the other
constexpr int placesToTry = 8;
constexpr double textureShare = 0.04;
constexpr double leastCut = 96;  // pixels of a background's square
constexpr double tiltShare = 0.3, tilt = 20;
constexpr double sharpShare = 0.5, sharpest = 2;

double logUniform(std::mt19937_64& random, double low, double high) {
    return std::exp(uniform(random, std::log(low), std::log(high)));
}

/// Faces and decoys alike, or the outline would tell them apart.
/// @param shown how much of the piece is a photograph, from its middle, in units of half its side. Where that is not
/// all, only ovals are drawn: a square would show where it ends.
Mask drawMask(double shown, std::mt19937_64& random) {
    const bool oval = chance(0.5, random) || shown < 1;
    const double least = std::min(0.66, 0.85 * shown), most = std::min(1.0, shown);
    return {oval ? uniform(random, 2, shown < 1 ? 2.3 : 3) : uniform(random, 4, 10),
            oval ? uniform(random, least, most) : uniform(random, 0.85, 1), uniform(random, 0.08, 0.4)};
}

}  // namespace

DetectorSampler::DetectorSampler(const io::FaceSet& faces, const Backgrounds& backgrounds, SamplingOptions common,
                                 SceneOptions scenes)
    : faces_(faces, common.validation, common.turnedShare),
      backgrounds_(backgrounds),
      common_(std::move(common)),
      scenes_(scenes) {
    if (scenes_.count < 1 || scenes_.side < 64 || scenes_.side % 32 != 0) {
        throw std::invalid_argument(
            "a batch needs at least one picture, and its side is to be a multiple of 32, at least 64");
    }
    if (!(scenes_.smallest >= 4) || scenes_.smallest * poorSmallest > scenes_.side || scenes_.mostFaces < 1) {
        throw std::invalid_argument(
            "the smallest face is to have 4 pixels, at most a third of a picture's side, and a picture may have at "
            "least one");
    }
    // The places of the faces do what these would.
    common_.augmentation.shift = 0;
    common_.augmentation.rotation = common_.augmentation.zoom = 0;
}

cv::Mat DetectorSampler::drawPiece(int side, std::mt19937_64& random) const {
    const auto photo = std::uniform_int_distribution<size_t>(0, backgrounds_.size() - 1)(random);
    const double width = backgrounds_.width(photo), height = backgrounds_.height(photo);
    Square square;
    square.side = logUniform(random, std::min({leastCut, width, height}), std::min(width, height));
    square.x = uniform(random, square.side / 2, width - square.side / 2);
    square.y = uniform(random, square.side / 2, height - square.side / 2);
    square.roll = chance(tiltShare, random) ? uniform(random, -tilt, tilt) : 0;
    return toFloat(backgrounds_.cut(photo, square, side, chance(0.5, random)));
}

cv::Mat DetectorSampler::drawBackground(std::mt19937_64& random) const {
    if (!hardNegatives_.empty() && chance(scenes_.hardNegativeShare, random)) {
        const HardNegative& negative = pick(hardNegatives_, random);
        Square square = negative.box;  // as large in the picture as a face may be
        square.side =
            negative.box.side * logUniform(random, 1.1, std::max(1.2, scenes_.side / (1.5 * scenes_.smallest)));
        const double room = std::max(0.0, square.side - negative.box.side) / 2;
        square.x += uniform(random, -room, room);
        square.y += uniform(random, -room, room);
        return toFloat(backgrounds_.cut(negative.photo, square, scenes_.side, chance(0.5, random)));
    }
    return chance(textureShare, random) ? texture(scenes_.side, random) : drawPiece(scenes_.side, random);
}

LooseFaces::Picture DetectorSampler::drawFace(std::mt19937_64& random) const {
    LooseFaces::Picture picture = faces_.draw(random);
    Augmentation how{0, 0, 0, common_.augmentation.light, 0, 0};  // its own light, and what stands before it
    how.occlusion = common_.augmentation.occlusion;
    picture.pixels = toFloat(picture.pixels);
    augment(picture.pixels, how, random);
    if (chance(scenes_.maskShare, random)) {
        wearMask(picture.pixels, picture.landmarks, random);
    }
    return picture;
}

void DetectorSampler::putDecoys(Scene& scene, std::mt19937_64& random) const {
    if (!chance(scenes_.decoyShare, random)) {
        return;
    }
    constexpr int side = 64;  // pixels, enough for something out of focus or small
    for (int i = static_cast<int>(uniform(random, 1, 4)); i > 0; --i) {
        const Square place{uniform(random, 0, scene.side()), uniform(random, 0, scene.side()),
                           logUniform(random, 2 * scenes_.smallest, scene.side()),
                           uniform(random, -scenes_.roll, scenes_.roll)};
        const auto pieceSide = place.side > side ? 2 * side : side;
        scene.put(drawPiece(pieceSide, random), place, drawMask(scenes_.shown * boxInPiece, random));
    }
}

void DetectorSampler::putFaces(Scene& scene, double smallest, std::mt19937_64& random) const {
    const double side = scene.side();
    // Half of the pictures with a face have one.
    const int count = chance(0.5, random) ? 1 : static_cast<int>(uniform(random, 1, scenes_.mostFaces + 1));
    std::vector<Square> boxes;
    for (int i = 0; i < count; ++i) {
        const LooseFaces::Picture face = drawFace(random);
        const bool cut = chance(scenes_.cutShare, random);
        Square box;
        for (int t = 0; t < placesToTry && box.side == 0; ++t) {
            const double size = logUniform(random, smallest, largestFace * side);
            const double margin = std::min((cut ? inside : 0.5) * size, side / 2);
            const Square at{uniform(random, margin, side - margin), uniform(random, margin, side - margin), size, 0};
            const bool free = std::all_of(boxes.begin(), boxes.end(), [&](const Square& b) {
                return std::max(std::abs(b.x - at.x), std::abs(b.y - at.y)) > apart * (b.side + at.side);
            });
            box = free ? at : box;
        }
        if (box.side == 0) {
            break;
        }
        boxes.push_back(box);
        // The piece lies so that the face's box comes to lie there.
        const Square within = boxOf(face.landmarks);
        Square place = box;
        place.side = box.side * faces_.side() / within.side;
        place.roll = uniform(random, -scenes_.roll, scenes_.roll);
        const double c = std::cos(place.roll * M_PI / 180), s = std::sin(place.roll * M_PI / 180);
        const double u = (within.x + 0.5) / faces_.side() - 0.5, v = (within.y + 0.5) / faces_.side() - 0.5;
        place.x -= place.side * (c * u - s * v);
        place.y -= place.side * (s * u + c * v);
        scene.putFace(face.pixels, face.landmarks, place,
                      drawMask(scenes_.shown * within.side / faces_.side(), random));
    }
}

Scene DetectorSampler::drawOwn(std::mt19937_64& random) const {
    const LooseFaces::Picture face = drawFace(random);
    const Square box = boxOf(face.landmarks);
    // Of the side; what the set does not show is not to be seen, also where the picture is rolled.
    const bool whole = scenes_.shown * box.side >= faces_.side();
    const double size = logUniform(random, whole ? ownSmallest : ownMargin / scenes_.shown, ownLargest);
    const bool cut = chance(scenes_.cutShare, random);
    const double room = std::max(0.0, 0.5 - (cut ? inside : 0.5) * size);
    Square crop = box;
    crop.side = box.side / size;
    crop.roll = whole ? uniform(random, -scenes_.roll, scenes_.roll) : 0;
    crop.x += uniform(random, -room, room) * crop.side;
    crop.y += uniform(random, -room, room) * crop.side;
    cv::Mat picture = cutCrop(face.pixels, crop, scenes_.side);
    if (chance(sharpShare, random)) {  // the sets' faces are small: enlarged, all of them would be soft
        sharpen(picture, uniform(random, 0, sharpest));
    }
    Scene scene(std::move(picture));
    Landmarks landmarks = inCrop(face.landmarks, crop);
    for (float& value : landmarks) {
        value *= static_cast<float>(scenes_.side);
    }
    scene.note({landmarks, tightBox(landmarks)});
    return scene;
}

Scene DetectorSampler::drawReal(std::mt19937_64& random) const {
    CutOptions how;
    how.side = scenes_.side;
    how.smallest = scenes_.smallestReal;
    how.validation = common_.validation;
    LabelledScenes::Cut cut = labelled_->draw(how, random);
    Scene scene(toFloat(cut.pixels));
    for (const SceneFace& face : cut.faces) {
        scene.note(face);
    }
    return scene;
}

Scene DetectorSampler::drawScene(std::mt19937_64& random) const {
    const bool poor = chance(poorShare, random), real = labelled_ != nullptr && chance(scenes_.realShare, random);
    const double kind = uniform(random, 0, 1);
    const bool own = kind < scenes_.ownShare;
    Scene scene = real ? drawReal(random) : own ? drawOwn(random) : Scene(drawBackground(random));
    if (!real && !own) {
        putDecoys(scene, random);
        if (kind < 1 - scenes_.emptyShare) {
            putFaces(scene, scenes_.smallest * (poor ? poorSmallest : 1), random);
        }
    }
    Augmentation how = common_.augmentation;
    how.occlusion = 0;
    how.blur = poor ? std::min(1.0, how.blur / poorShare) : 0;
    how.lowResolution = poor ? std::min(1.0, how.lowResolution / poorShare) : 0;
    augment(scene.picture(), how, random);
    return scene;
}

DetectorBatch DetectorSampler::draw(int64_t step) const {
    DetectorBatch batch;
    const uint64_t ofStep = mixed(common_.seed, static_cast<uint64_t>(step));
    for (int i = 0; i < scenes_.count; ++i) {
        std::mt19937_64 random(mixed(ofStep, static_cast<uint64_t>(i)));
        Scene scene = drawScene(random);
        appendPlanes(scene.picture(), batch.pictures);
        batch.faces.push_back(scene.faces());
    }
    return batch;
}

}  // namespace drgan::train
