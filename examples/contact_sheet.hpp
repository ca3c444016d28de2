// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_EXAMPLES_CONTACT_SHEET_HPP
#define DRGAN_EXAMPLES_CONTACT_SHEET_HPP

#include <opencv2/core.hpp>

#include <cstdint>
#include <map>
#include <string>

#include "results.hpp"

namespace drgan::examples {

/// The people of a video: for each track its best input face beside its frontal view.
class ContactSheet {
public:
    /// Takes what a message says of a track. Of the faces, the one with the highest confidence stays; of the frontal
    /// views, the last, which is fused from the most pictures. Past `maxPeople`, the least seen track goes.
    void add(const Result& result);

    /// The sheet as an 8-bit BGR picture, a cell a person, in the order of their ids. Never empty.
    cv::Mat draw() const;

    /// Writes draw() as a PNG. The file is replaced as a whole: a reader never finds half a picture.
    /// @throws std::runtime_error naming the file if it cannot be written.
    void write(const std::string& file) const;

    static constexpr size_t maxPeople = 120;

private:
    struct Person {
        cv::Mat face;
        cv::Mat frontal;
        double yaw = 0;         // of `face`, degrees
        double confidence = 0;  // of `face`
        unsigned images = 0;
    };

    std::map<unsigned, Person> people_;
};

}  // namespace drgan::examples

#endif
