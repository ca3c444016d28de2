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
    /// Adds the content of a message. Keeps the face with the highest confidence and the last frontal view, which is
    /// fused from the most pictures. Beyond `maxPeople`, the track with the fewest pictures is removed.
    void add(const Result& result);

    /// The sheet as an 8-bit BGR picture, one cell per person, in the order of their ids. Never empty.
    cv::Mat draw() const;

    /// Writes draw() as a PNG, atomically, so that no reader sees half a picture.
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
