// SPDX-License-Identifier: Apache-2.0
//
// Verification on a prepared face set (io/face_set.hpp): its real faces, as they are aligned in the set.

#pragma once

#include <memory>
#include <opencv2/drgan.hpp>
#include <string>
#include <vector>

#include "faces.hpp"
#include "io/face_set.hpp"
#include "protocol.hpp"

namespace drgan::eval {

struct SetChoice {
    std::string split = "dev";  ///< or train, or all
    int folds = 10;             ///< at most; fewer where a fold would have fewer than four people
    bool allPairs = false;      ///< of two people; else as many as there are of one person
};

/// The people of a prepared set with their real faces.
class SetPeople {
public:
    /// @param split train, dev or all
    /// @throws std::runtime_error naming the file and what it lacks
    SetPeople(const std::string& path, const std::string& split);

    /// @param whose for the message
    /// @throws std::runtime_error naming the set's alignment and the network's, if they differ
    void checkAlignment(const cv::drgan::Alignment& wanted, const std::string& whose) const;

    /// Every person of the split with all real faces: first who has frontal and profile ones, then the others, both in
    /// the order of their names.
    const Persons& persons() const { return persons_; }
    /// The persons' faces; they stay readable when this object is gone.
    Faces faces() const;

protected:
    std::shared_ptr<const io::FaceSet> set_;
    std::vector<size_t> rows_;  // real faces of the split

private:
    Persons persons_;
};

/// FF: pairs of faces with |yaw| < 30 degrees. FP: one of those and one with |yaw| > 60. Every pair of one person
/// counts. Of those of two people, who are always of one fold, as many are drawn as there are of one person, by the
/// fold's number, so always the same. People go to the folds in turn, in the order of their names, those with FP pairs
/// first.
class SetProtocol : public SetPeople {
public:
    /// @throws std::runtime_error naming the file and what it lacks
    SetProtocol(const std::string& path, const SetChoice& choice);

    /// FF, FP or both: what the set has pairs for.
    const Protocols& protocols() const { return protocols_; }

private:
    Protocols protocols_;
};

/// A face set's row as a picture's name.
std::string rowName(size_t row);

}  // namespace drgan::eval
