// SPDX-License-Identifier: Apache-2.0
#include "gallery_index.hpp"

#include <algorithm>
#include <numeric>

#include "top_candidates.hpp"

namespace cv {
namespace drgan {

IndexLabels::IndexLabels(int people)
    : used_(true), labelOf_(static_cast<size_t>(people)), personOf_(static_cast<size_t>(people)) {
    std::iota(labelOf_.begin(), labelOf_.end(), 0);
    std::iota(personOf_.begin(), personOf_.end(), 0);
}

void IndexLabels::reserve() {
    for (std::vector<int>* list : {&labelOf_, &outside_}) {
        if (used_ && list->size() == list->capacity()) {
            list->reserve(2 * list->size() + 16);
        }
    }
}

void IndexLabels::added() {
    if (used_) {
        labelOf_.push_back(0);
        putOutside(static_cast<int>(labelOf_.size()) - 1);
    }
}

void IndexLabels::changed(int person) {
    if (used_ && labelOf_[static_cast<size_t>(person)] >= 0) {
        personOf_[static_cast<size_t>(labelOf_[static_cast<size_t>(person)])] = -1;
        putOutside(person);
    }
}

void IndexLabels::removed(int person) {
    if (!used_) {
        return;
    }
    const int label = labelOf_[static_cast<size_t>(person)];
    label >= 0 ? void(personOf_[static_cast<size_t>(label)] = -1) : takeFromOutside(person);
    const int moved = labelOf_.back();
    if (static_cast<size_t>(person) + 1 != labelOf_.size()) {
        labelOf_[static_cast<size_t>(person)] = moved;
        (moved >= 0 ? personOf_[static_cast<size_t>(moved)] : outside_[static_cast<size_t>(~moved)]) = person;
    }
    labelOf_.pop_back();
}

void IndexLabels::putOutside(int person) {
    labelOf_[static_cast<size_t>(person)] = ~static_cast<int>(outside_.size());
    outside_.push_back(person);
}

void IndexLabels::takeFromOutside(int person) {
    const int place = ~labelOf_[static_cast<size_t>(person)];
    outside_[static_cast<size_t>(place)] = outside_.back();
    labelOf_[static_cast<size_t>(outside_.back())] = ~place;
    outside_.pop_back();
}

namespace {

/// Compares the people who are not in the index with the queries.
void scanOutside(const GalleryPeople& people, const std::vector<int>& outside, const Mat& units,
                 std::vector<TopCandidates>& tops) {
    constexpr size_t atOnce = 1024;
    Mat rows, products;
    for (size_t begin = 0; begin < outside.size(); begin += atOnce) {
        const size_t count = std::min(atOnce, outside.size() - begin);
        rows.create(static_cast<int>(count), people.length(), CV_32F);
        for (size_t i = 0; i < count; ++i) {
            std::copy_n(people.row(outside[begin + i]), people.length(), rows.ptr<float>(static_cast<int>(i)));
        }
        gemm(rows, units, 1, noArray(), 0, products, GEMM_2_T);
        const float* product = products.ptr<float>();
        for (size_t i = 0; i < count; ++i) {
            const int person = outside[begin + i];
            for (TopCandidates& top : tops) {
                top.offer(*product++ * people.inverse(person), person);
            }
        }
    }
}

}  // namespace

std::vector<std::vector<GalleryMatch>> searchWithIndex(const GalleryPeople& people, const GalleryIndex& index,
                                                       const IndexLabels& labels, const Mat& queries, int k,
                                                       double effort) {
    const std::vector<int>& outside = labels.outside();
    if (outside.size() > static_cast<size_t>(people.size()) / 2) {
        return searchExactly(people, queries, k);
    }
    // The index compares projections, so the k most similar people need not be its first k.
    const int wanted = 2 * k + 128;
    constexpr int atOnce = 256;
    std::vector<std::vector<GalleryMatch>> results(static_cast<size_t>(queries.rows));
    for (int begin = 0; begin < queries.rows; begin += atOnce) {
        const Mat block = queries.rowRange(begin, std::min(queries.rows, begin + atOnce));
        const Mat units = unitRows(block);
        std::vector<TopCandidates> tops(static_cast<size_t>(block.rows),
                                        TopCandidates(k, productMargin(people.length())));
        scanOutside(people, outside, units, tops);
        const auto answer = [&](const Range& range) {
            std::vector<int> found, candidates;
            for (int q = range.start; q < range.end; ++q) {
                index.findNearest(units.ptr<float>(q), wanted, effort, found);
                candidates.clear();
                for (const int label : found) {
                    if (labels.person(label) >= 0) {
                        candidates.push_back(labels.person(label));
                    }
                }
                TopCandidates& top = tops[static_cast<size_t>(q)];
                top.prune();
                for (const Candidate& c : top.kept()) {
                    candidates.push_back(c.person);
                }
                auto& result = results[static_cast<size_t>(begin + q)];
                if (candidates.size() >= static_cast<size_t>(k)) {
                    result = rank(people, block.ptr<float>(q), candidates, k);
                }
            }
        };
        // A single query gets all threads: the index may split its work.
        block.rows == 1 ? answer(Range(0, 1)) : parallel_for_(Range(0, block.rows), answer);
        for (int q = 0; q < block.rows; ++q) {
            auto& result = results[static_cast<size_t>(begin + q)];
            if (result.empty()) {  // too few of the proposed people are left
                result = std::move(searchExactly(people, block.row(q), k)[0]);
            }
        }
    }
    return results;
}

}  // namespace drgan
}  // namespace cv
