// SPDX-License-Identifier: Apache-2.0

#include "set_protocol.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <opencv2/imgproc.hpp>
#include <random>
#include <set>
#include <stdexcept>
#include <utility>

namespace drgan::eval {

namespace {

constexpr double frontalBelow = 30;  // degrees
constexpr double profileAbove = 60;
constexpr size_t leastPeople = 4;  // of a fold: fewer give few pairs of two people

/// A picture and whose it is.
struct Owned {
    size_t person;
    const std::string* picture;
};

std::vector<Owned> all(const Persons& people, std::vector<std::string> Person::*kind) {
    std::vector<Owned> list;
    for (size_t i = 0; i < people.size(); ++i) {
        for (const std::string& picture : people[i].*kind) {
            list.push_back({i, &picture});
        }
    }
    return list;
}

/// Pairs of frontal faces with frontal or profile ones.
class Pairs {
public:
    Pairs(const Persons& people, bool profile)
        : first_(all(people, &Person::frontal)),
          second_(all(people, profile ? &Person::profile : &Person::frontal)),
          profile_(profile) {}

    Fold fold(int number, bool allDifferent) const {
        std::vector<std::pair<size_t, size_t>> same;
        for (size_t a = 0; a < first_.size(); ++a) {
            for (size_t b = profile_ ? 0 : a + 1; b < second_.size(); ++b) {
                if (first_[a].person == second_[b].person) {
                    same.emplace_back(a, b);
                }
            }
        }
        Fold fold;
        fold.number = number;
        for (const auto& [a, b] : same) {
            fold.pairs.push_back({*first_[a].picture, *second_[b].picture, true});
        }
        for (const auto& [a, b] : different(same.size(), number, allDifferent)) {
            fold.pairs.push_back({*first_[a].picture, *second_[b].picture, false});
        }
        return fold;
    }

private:
    std::vector<std::pair<size_t, size_t>> different(size_t wanted, int seed, bool everything) const {
        std::mt19937 random(static_cast<unsigned>(seed));  // no distribution: those differ between libraries
        if (everything || first_.size() * second_.size() < 8 * wanted) {
            std::vector<std::pair<size_t, size_t>> pairs;
            for (size_t a = 0; a < first_.size(); ++a) {
                for (size_t b = profile_ ? 0 : a + 1; b < second_.size(); ++b) {
                    if (first_[a].person != second_[b].person) {
                        pairs.emplace_back(a, b);
                    }
                }
            }
            if (!everything) {
                wanted = std::min(wanted, pairs.size());
                for (size_t i = 0; i < wanted; ++i) {
                    std::swap(pairs[i], pairs[i + random() % (pairs.size() - i)]);
                }
                pairs.resize(wanted);
            }
            return pairs;
        }
        std::set<std::pair<size_t, size_t>> drawn;
        // Where nearly all faces are one person's, pairs of two people are few: what is found by then is enough.
        for (size_t tries = 0; drawn.size() < wanted && tries < 100 * wanted; ++tries) {
            size_t a = random() % first_.size();
            size_t b = random() % second_.size();
            if (first_[a].person != second_[b].person) {
                if (!profile_ && a > b) {
                    std::swap(a, b);
                }
                drawn.emplace(a, b);
            }
        }
        return {drawn.begin(), drawn.end()};
    }

    std::vector<Owned> first_, second_;
    bool profile_;
};

bool hasBothKinds(const Fold& fold) {
    const auto same = std::count_if(fold.pairs.begin(), fold.pairs.end(), [](const Pair& pair) { return pair.same; });
    return same > 0 && static_cast<size_t>(same) < fold.pairs.size();
}

std::string describe(int size, float eyesX, float eyesY, float eyeMouth) {
    return fmt::format("{} px, eyes at {:.3f},{:.3f}, eyes to mouth {:.3f}", size, eyesX, eyesY, eyeMouth);
}

size_t rowOf(const std::string& name) { return std::stoul(name.substr(name.find(' ') + 1)); }

}  // namespace

std::string rowName(size_t row) { return "row " + std::to_string(row); }

SetPeople::SetPeople(const std::string& path, const std::string& split)
    : set_(std::make_shared<const io::FaceSet>(path)) {
    if (split != "dev" && split != "train" && split != "all") {
        throw std::runtime_error("the split is '" + split + "', expected dev, train or all");
    }
    std::map<std::string, Person> people;  // by name
    for (size_t row = 0; row < set_->size(); ++row) {
        const bool chosen = split == "all" || (set_->split()[row] == 1) == (split == "dev");
        if (!chosen || set_->origin()[row] >= 0) {
            continue;
        }
        rows_.push_back(row);
        const double yaw = std::abs(set_->yaw()[row]);
        const std::string& name = set_->persons()[static_cast<size_t>(set_->person()[row])];
        Person& person = people[name];
        person.name = name;
        (yaw < frontalBelow   ? person.frontal
         : yaw > profileAbove ? person.profile
                              : person.between)
            .push_back(rowName(row));
    }
    for (const bool both : {true, false}) {
        for (const auto& [name, person] : people) {
            if ((!person.frontal.empty() && !person.profile.empty()) == both) {
                persons_.push_back(person);
            }
        }
    }
}

SetProtocol::SetProtocol(const std::string& path, const SetChoice& choice) : SetPeople(path, choice.split) {
    const auto folds = static_cast<size_t>(std::max(1, choice.folds));
    const size_t cut = std::max<size_t>(1, std::min(folds, persons().size() / leastPeople));
    for (size_t fold = 0; fold < cut; ++fold) {
        Persons part;
        for (size_t i = fold; i < persons().size(); i += cut) {
            part.push_back(persons()[i]);
        }
        for (const bool profile : {false, true}) {
            Fold pairs = Pairs(part, profile).fold(static_cast<int>(fold) + 1, choice.allPairs);
            if (hasBothKinds(pairs)) {
                protocols_[profile ? "FP" : "FF"].push_back(std::move(pairs));
            }
        }
    }
    if (protocols_.empty()) {
        throw std::runtime_error(
            fmt::format("{}: no pairs for FF or FP: the split '{}' has {} real faces of {} people; needed are pairs of "
                        "one person and "
                        "of two, both faces with |yaw| < 30 (FF), or the other one with |yaw| > 60 (FP)",
                        path, choice.split, rows_.size(), persons().size()));
    }
}

void SetPeople::checkAlignment(const cv::drgan::Alignment& wanted, const std::string& whose) const {
    constexpr float close = 1e-4F;  // units of the side
    const bool same = set_->imageSize() == wanted.size && std::abs(set_->alignEyesX() - wanted.eyes.x) < close &&
                      std::abs(set_->alignEyesY() - wanted.eyes.y) < close &&
                      std::abs(set_->alignEyeMouth() - wanted.eyeMouth) < close;
    if (!same) {
        throw std::runtime_error(
            fmt::format("{}: the faces are aligned otherwise ({}) than {} wants them ({})", set_->path(),
                        describe(set_->imageSize(), set_->alignEyesX(), set_->alignEyesY(), set_->alignEyeMouth()),
                        whose, describe(wanted.size, wanted.eyes.x, wanted.eyes.y, wanted.eyeMouth)));
    }
}

Faces SetPeople::faces() const {
    std::map<std::string, Faces::Face> faces;
    for (const size_t row : rows_) {
        faces[rowName(row)] = {cv::Mat(), true, true, set_->yaw()[row]};
    }
    return {std::move(faces), [set = set_](const std::string& name) {
                cv::Mat picture(set->imageSize(), set->imageSize(), CV_8UC3);
                set->decode(rowOf(name), picture.data);
                cv::cvtColor(picture, picture, cv::COLOR_RGB2BGR);
                return picture;
            }};
}

}  // namespace drgan::eval
