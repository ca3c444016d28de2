// SPDX-License-Identifier: Apache-2.0
#include "dr_gan/batches.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <opencv2/imgproc.hpp>
#include <stdexcept>

#include "run/picture.hpp"
#include "run/random.hpp"

namespace drgan::train {

namespace {

constexpr float profileYaw = 60;  // degrees: a real picture beyond it makes a person one "with profiles"
constexpr float turnedWeight =
    0.5F;  // of a turned picture as a target, where there may be real ones of its pose; those count 1
constexpr double realShare = 0.15;  // of an input's targets are the real picture that it shows, whatever its pose
constexpr int tries = 30;           // pictures to draw before a person is given up whose pictures are all corrupt

/// Real pictures are drawn evenly over these ranges of |yaw|, or frontals would crowd out the rest.
size_t yawRange(float degrees) {
    const float size = std::abs(degrees);
    return size < 20 ? 0 : size < 45 ? 1 : size < 70 ? 2 : 3;
}

}  // namespace

int64_t nearestPose(const std::vector<float>& poseYaws, float degrees) {
    const auto nearer = [&](float a, float b) { return std::abs(a - degrees) < std::abs(b - degrees); };
    return std::min_element(poseYaws.begin(), poseYaws.end(), nearer) - poseYaws.begin();
}

Sampler::Sampler(const io::FaceSet& faces, BatchOptions options)
    : faces_(faces), reader_(faces), options_(std::move(options)) {
    if (options_.persons < 1 || options_.pictures < 1 || options_.poseYaws.empty()) {
        throw std::invalid_argument("a batch needs at least one person, one picture and one pose");
    }
    if (options_.targetsOfInput) {
        if (options_.pictures > 1) {
            throw std::invalid_argument(
                "an appearance is that of one picture: expected 1 picture of a person, got up to " +
                std::to_string(options_.pictures));
        }
        options_.augmentation.light = options_.augmentation.grey = 0;  // the targets keep their light and colours
    }
    if (options_.targetSide < 0 || (options_.targetSide > 0 && faces_.imageSize() % options_.targetSide != 0)) {
        throw std::invalid_argument("target pictures of " + std::to_string(options_.targetSide) +
                                    " px: expected a divisor of " + std::to_string(faces_.imageSize()));
    }
    std::map<int32_t, size_t> known;
    for (size_t row = 0; row < faces_.size(); ++row) {
        const int32_t index = faces_.person()[row];
        if (faces_.split()[row] != 0 || isValidationPerson(faces_.persons()[index]) != options_.validation) {
            continue;
        }
        const auto [it, isNew] = known.emplace(index, people_.size());
        if (isNew) {
            people_.emplace_back();
            people_.back().index = index;
            people_.back().real.resize(4);
            people_.back().byPose.resize(options_.poseYaws.size());
        }
        Person& person = people_[it->second];
        const auto id = static_cast<int64_t>(row);
        const float yaw = faces_.yaw()[row];
        (faces_.origin()[row] < 0 ? person.real[yawRange(yaw)] : person.turned).push_back(id);
        person.byPose[nearestPose(options_.poseYaws, yaw)].push_back(id);
        person.byPose[nearestPose(options_.poseYaws, -yaw)].push_back(-1 - id);
    }
    if (people_.empty()) {
        throw std::runtime_error(faces_.path() + ": no " + (options_.validation ? "validation" : "training") +
                                 " person in the set");
    }
    double sum = 0;
    for (size_t i = 0; i < people_.size(); ++i) {
        size_t count = 0;
        bool profiles = false;
        for (auto& range : people_[i].real) {
            count += range.size();
            profiles = profiles || std::any_of(range.begin(), range.end(),
                                               [&](int64_t row) { return std::abs(faces_.yaw()[row]) >= profileYaw; });
        }
        auto& ranges = people_[i].real;
        ranges.erase(std::remove_if(ranges.begin(), ranges.end(), [](const auto& r) { return r.empty(); }),
                     ranges.end());
        if (profiles) {
            withProfiles_.push_back(i);
        }
        sum += std::sqrt(static_cast<double>(count));
        weight_.push_back(sum);
    }
}

std::vector<int32_t> Sampler::faceSetPersons() const {
    std::vector<int32_t> result;
    for (const auto& person : people_) {
        result.push_back(person.index);
    }
    return result;
}

int64_t Sampler::drawRow(const Person& person, std::mt19937_64& random) const {
    if (!person.turned.empty() && (person.real.empty() || chance(options_.turnedShare, random))) {
        return pick(person.turned, random);
    }
    return pick(pick(person.real, random), random);
}

cv::Mat Sampler::picture(int64_t row, bool mirrored) const {
    cv::Mat rgb = reader_.read(row);
    if (rgb.empty()) {
        return rgb;
    }
    if (mirrored) {
        cv::flip(rgb, rgb, 1);
    }
    return toFloat(rgb);
}

std::optional<Sampler::Drawn> Sampler::appendInput(const Person& person, std::mt19937_64& random,
                                                   std::vector<float>& planes) const {
    for (int i = 0; i < tries; ++i) {
        Drawn drawn{drawRow(person, random)};
        drawn.mirrored = chance(0.5, random);
        cv::Mat face = picture(drawn.row, drawn.mirrored);
        if (!face.empty()) {
            augment(face, options_.augmentation, random);
            appendPlanes(face, planes);
            return drawn;
        }
    }
    return {};
}

std::optional<Sampler::Drawn> Sampler::appendStoredPicture(size_t number, int64_t which,
                                                           std::vector<float>& planes) const {
    std::mt19937_64 random(mixed(mixed(options_.seed, number), static_cast<uint64_t>(which)));
    return appendInput(people_.at(number), random, planes);
}

void Sampler::appendStoredPictures(size_t number, std::vector<float>& planes) const {
    for (int k = 0; k < options_.storedPerPerson; ++k) {
        if (!appendStoredPicture(number, k, planes)) {
            damaged(people_[number]);
        }
    }
}

int64_t Sampler::sourceOf(int64_t row) const { return faces_.origin()[row] < 0 ? row : faces_.origin()[row]; }

std::vector<std::vector<int64_t>> Sampler::viewsOf(const Drawn& input, const Person& person) const {
    std::vector<std::vector<int64_t>> views(person.byPose.size());
    for (size_t pose = 0; pose < views.size(); ++pose) {
        for (const int64_t choice : person.byPose[pose]) {
            if ((choice < 0) == input.mirrored && sourceOf(choice >= 0 ? choice : -1 - choice) == sourceOf(input.row)) {
                views[pose].push_back(choice);
            }
        }
    }
    return views;
}

void Sampler::drawTarget(const Person& person, int64_t number, const Drawn* input, std::mt19937_64& random,
                         Batch& batch) const {
    // Even over the poses that there is a picture of, mirror images included.
    std::vector<std::vector<int64_t>> ofInput;
    if (input != nullptr) {
        ofInput = viewsOf(*input, person);
    }
    const auto& views = input != nullptr ? ofInput : person.byPose;
    std::vector<size_t> available;
    for (size_t pose = 0; pose < views.size(); ++pose) {
        if (!views[pose].empty()) {
            available.push_back(pose);
        }
    }
    for (int i = 0; i < tries; ++i) {
        int64_t choice = pick(views[pick(available, random)], random);
        if (input != nullptr && chance(realShare, random)) {
            const int64_t real = sourceOf(input->row);
            choice = input->mirrored ? -1 - real : real;
        }
        const int64_t row = choice >= 0 ? choice : -1 - choice;
        cv::Mat target = picture(row, choice < 0);
        if (target.empty()) {
            continue;
        }
        if (options_.targetSide > 0) {
            cv::resize(target, target, {options_.targetSide, options_.targetSide}, 0, 0, cv::INTER_AREA);
        }
        appendPlanes(target, batch.targets);
        batch.targetYaw.push_back(choice < 0 ? -faces_.yaw()[row] : faces_.yaw()[row]);
        batch.targetPose.push_back(nearestPose(options_.poseYaws, batch.targetYaw.back()));
        batch.targetPerson.push_back(number);
        batch.targetWeight.push_back(faces_.origin()[row] < 0 || input != nullptr ? 1.F : turnedWeight);
        return;
    }
    damaged(person);
}

void Sampler::damaged(const Person& person) const {
    throw std::runtime_error(faces_.path() + ": no picture of '" + faces_.persons()[person.index] +
                             "' can be decoded: the set is damaged");
}

size_t Sampler::drawPerson(std::mt19937_64& random) const {
    if (!withProfiles_.empty() && chance(options_.profileShare, random)) {
        return pick(withProfiles_, random);
    }
    const double at = std::uniform_real_distribution<double>(0, weight_.back())(random);
    return std::min<size_t>(std::upper_bound(weight_.begin(), weight_.end(), at) - weight_.begin(), people_.size() - 1);
}

Batch Sampler::draw(int64_t step) const {
    const uint64_t ofStep = mixed(options_.seed, static_cast<uint64_t>(step));
    std::mt19937_64 common(ofStep);
    Batch batch;
    batch.pictures = std::uniform_int_distribution<int>(1, options_.pictures)(common);
    // The number of pictures in a batch stays about the same, whatever n is.
    batch.persons = std::max<int64_t>(1, static_cast<int64_t>(options_.persons) * options_.pictures / batch.pictures);
    std::vector<std::mt19937_64> random;  // one for each person, whichever process draws it
    std::vector<int64_t> drawn;
    std::vector<Drawn> inputs;
    for (int64_t i = 0; i < batch.persons; ++i) {
        random.emplace_back(mixed(ofStep, static_cast<uint64_t>(options_.rank * batch.persons + i)));
        size_t number = drawPerson(random.back());
        for (int64_t k = 0; k < batch.pictures; ++k) {
            if (options_.storedPerPerson > 0) {
                const int which = std::uniform_int_distribution<int>(0, options_.storedPerPerson - 1)(random.back());
                batch.stored.push_back(static_cast<int64_t>(number) * options_.storedPerPerson + which);
                if (options_.targetsOfInput) {
                    const std::optional<Drawn> again = appendStoredPicture(number, which, batch.images);
                    if (!again) {
                        damaged(people_[number]);
                    }
                    inputs.push_back(*again);
                }
                continue;
            }
            std::optional<Drawn> picture = appendInput(people_[number], random.back(), batch.images);
            for (int other = 0; !picture && k == 0 && other < tries; ++other) {  // all of this person's are corrupt
                number = drawPerson(random.back());
                picture = appendInput(people_[number], random.back(), batch.images);
            }
            if (!picture) {
                damaged(people_[number]);
            }
            inputs.push_back(*picture);
            const auto [row, mirrored] = *picture;
            const float yaw = mirrored ? -faces_.yaw()[row] : faces_.yaw()[row];
            batch.row.push_back(row);
            batch.yaw.push_back(yaw);
            batch.pose.push_back(nearestPose(options_.poseYaws, yaw));
        }
        drawn.push_back(static_cast<int64_t>(number));
        batch.person.insert(batch.person.end(), static_cast<size_t>(batch.pictures), drawn.back());
    }
    auto drawTargets = [&](int64_t inputsOfPerson) {
        for (int64_t i = 0; i < batch.persons; ++i) {
            for (int64_t k = 0; k < inputsOfPerson * options_.targets; ++k) {
                drawTarget(people_[drawn[i]], drawn[i], options_.targetsOfInput ? &inputs[i] : nullptr, random[i],
                           batch);
            }
        }
    };
    drawTargets(batch.pictures);
    if (batch.pictures > 1) {
        drawTargets(1);  // of the fused embeddings
    }
    return batch;
}

}  // namespace drgan::train
