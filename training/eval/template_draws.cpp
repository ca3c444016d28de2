// SPDX-License-Identifier: Apache-2.0

#include "template_draws.hpp"

#include <algorithm>
#include <iterator>
#include <opencv2/drgan.hpp>
#include <random>

namespace drgan::eval {

namespace {

std::vector<std::string> shuffled(std::vector<std::string> pictures, std::mt19937& random) {
    std::shuffle(pictures.begin(), pictures.end(), random);
    return pictures;
}

/// The person's pictures in random order, frontal and profile in turn while both last.
std::vector<std::string> mixed(const Person& person, std::mt19937& random) {
    const std::vector<std::string> frontal = shuffled(person.frontal, random),
                                   profile = shuffled(person.profile, random),
                                   between = shuffled(person.between, random);
    std::vector<std::string> order;
    for (size_t i = 0; i < std::max(frontal.size(), profile.size()); ++i) {
        if (i < frontal.size()) {
            order.push_back(frontal[i]);
        }
        if (i < profile.size()) {
            order.push_back(profile[i]);
        }
    }
    order.insert(order.end(), between.begin(), between.end());
    return order;
}

Draw makeDraw(const Persons& persons, const std::vector<const Encodings*>& qualities, bool swapFirst,
              std::mt19937& random, std::mt19937& qualityRandom) {
    Draw draw;
    for (const Person& person : persons) {
        const std::vector<std::string> order = mixed(person, random);
        Draw::Side sides[2];
        for (size_t i = 0; i < order.size(); ++i) {
            const Encodings& encodings = *qualities[qualities.size() > 1 ? qualityRandom() % qualities.size() : 0];
            // Frontal and profile alternate: pairs of them go to the sides in turn, so that both sides are mixed.
            sides[i / 2 % 2].push_back(&encodings.at(order[i]));
        }
        while (sides[0].size() > sides[1].size() + 1) {
            sides[1].push_back(sides[0].back());
            sides[0].pop_back();
        }
        // One side begins with a frontal and the other with a profile, which one by turns: n = 1 compares those.
        Draw::Side& other = sides[swapFirst ? 0 : 1];
        if (other.size() > 1) {
            std::swap(other[0], other[1]);
        }
        for (int side = 0; side < 2; ++side) {
            draw.sides[side].push_back(std::move(sides[side]));
        }
    }
    return draw;
}

cv::Mat makeTemplate(const Draw::Side& side, size_t n, Way way) {
    using Picture = Draw::Side::value_type;
    cv::drgan::Template fused;
    const auto end = side.begin() + static_cast<long>(n);
    if (way == Way::Best) {
        const Picture best =
            *std::max_element(side.begin(), end, [](Picture a, Picture b) { return a->confidence < b->confidence; });
        fused.add(best->embedding, 1);
    } else {
        std::for_each(side.begin(), end, [&](Picture picture) {
            fused.add(picture->embedding, way == Way::Confidence ? picture->confidence : 1);
        });
    }
    cv::Mat embedding;
    fused.fused(embedding);
    return data::unit(embedding);
}

}  // namespace

std::vector<Draw> makeDraws(const Persons& persons, const std::vector<const Encodings*>& qualities, int draws) {
    std::mt19937 random(1), qualityRandom(2);
    std::vector<Draw> all;
    for (int i = 0; i < draws; ++i) {
        all.push_back(makeDraw(persons, qualities, i % 2 == 1, random, qualityRandom));
    }
    return all;
}

Persons reaching(const Persons& persons, size_t n) {
    Persons enough;
    std::copy_if(persons.begin(), persons.end(), std::back_inserter(enough),
                 [n](const Person& person) { return pictures(person) >= 2 * n; });
    return enough;
}

bool enoughReach(const Persons& persons, size_t n) {
    const size_t enough = reaching(persons, n).size();
    return enough >= 2 && 2 * enough >= persons.size();
}

TemplatePairs makeTemplates(const Draw& draw, size_t n, Way way) {
    TemplatePairs pairs;
    for (size_t person = 0; person < draw.sides[0].size(); ++person) {
        const Draw::Side &left = draw.sides[0][person], &right = draw.sides[1][person];
        if (std::min(left.size(), right.size()) >= n) {
            pairs.left.push_back(makeTemplate(left, n, way));
            pairs.right.push_back(makeTemplate(right, n, way));
        }
    }
    return pairs;
}

}  // namespace drgan::eval
