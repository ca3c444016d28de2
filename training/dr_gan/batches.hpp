// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "io/face_set.hpp"
#include "run/face_reader.hpp"
#include "run/sampling.hpp"

namespace drgan::train {

/// How batches of encoder and decoder are drawn.
struct BatchOptions : SamplingOptions {
    int persons = 16;    ///< P, persons in a batch
    int pictures = 4;    ///< n is drawn per batch from 1 to this
    int targets = 0;     ///< target poses, with the true pictures there, to draw for each embedding
    int targetSide = 0;  ///< pixels of the targets, a divisor of S; 0: S
    int storedPerPerson =
        0;  ///< K: inputs come from embeddings made once (see StoredEmbeddings), K a person; 0: from pictures
    bool targetsOfInput = false;  ///< a target shows the very picture that the input is, or a view turned from it, and
                                  ///< is mirrored as the input is: for appearance codes. Needs pictures = 1
    double profileShare = 0.3;    ///< of the persons are drawn from those with real pictures beyond 60 degrees
    std::vector<float> poseYaws;  ///< degrees per pose code, ascending
    int rank = 0;                 ///< of this process, where several draw their shares of every batch
};

/// One step's pictures. B = P n inputs; with targets and n > 1, embeddings are the B single ones and the P fused ones.
struct Batch {
    int64_t persons = 0, pictures = 0;  ///< P and n
    std::vector<float> images;  ///< [B,3,S,S] in [-1,1]; empty where embeddings are made once, but with targetsOfInput
    std::vector<int64_t> stored;  ///< [B] rows of StoredEmbeddings; empty where they are not
    std::vector<int64_t> person;  ///< [B] training person (see Sampler)
    std::vector<int64_t> row;     ///< [B] rows of the face set; this and the next two: not with embeddings
    std::vector<float> yaw;       ///< [B] degrees, after mirroring
    std::vector<int64_t> pose;    ///< [B] pose code of the input
    std::vector<float> targets;   ///< [embeddings x targets,3,targetSide,targetSide], those of an embedding together
    std::vector<int64_t> targetPose;    ///< [embeddings x targets] nearest pose code
    std::vector<float> targetYaw;       ///< [embeddings x targets] degrees, after mirroring
    std::vector<int64_t> targetPerson;  ///< [embeddings x targets]
    std::vector<float> targetWeight;    ///< [embeddings x targets] 1 for real pictures, less for turned ones
};

/// Index of the yaw nearest to `degrees`.
int64_t nearestPose(const std::vector<float>& poseYaws, float degrees);

/// Draws batches. What a batch holds depends only on the seed and the step, so a resumed run goes on as if it had
/// never stopped, whatever the number of threads. P persons on each of two processes are the 2 P of one process.
///
/// A picture that cannot be decoded is reported once and another one taken.
class Sampler {
public:
    /// @throws std::runtime_error if the set has no training person.
    Sampler(const io::FaceSet& faces, BatchOptions options);

    Batch draw(int64_t step) const;
    /// Appends the planes [K,3,S,S] of the pictures whose embeddings stand for this training person.
    void appendStoredPictures(size_t number, std::vector<float>& planes) const;
    size_t persons() const { return people_.size(); }  ///< Nd, training persons, numbered from 0
    /// Person of the face set for each training person.
    std::vector<int32_t> faceSetPersons() const;
    const BatchOptions& options() const { return options_; }

private:
    struct Person {
        int32_t index = 0;  // in the face set
        std::vector<int64_t> turned;
        std::vector<std::vector<int64_t>> real;  // by size of the yaw
        // Rows that show the person at a pose: row of the set, or -1 - row for its mirror image.
        std::vector<std::vector<int64_t>> byPose;
    };

    struct Drawn {
        int64_t row = 0;
        bool mirrored = false;
    };
    size_t drawPerson(std::mt19937_64& random) const;
    int64_t drawRow(const Person& person, std::mt19937_64& random) const;
    /// @param input what it has to show, with targetsOfInput; else null
    void drawTarget(const Person& person, int64_t number, const Drawn* input, std::mt19937_64& random,
                    Batch& batch) const;
    int64_t sourceOf(int64_t row) const;  // the real picture that it shows, itself or the one it was turned from
    /// The person's rows by pose that show the input's picture, mirrored as it is.
    std::vector<std::vector<int64_t>> viewsOf(const Drawn& input, const Person& person) const;
    std::optional<Drawn> appendStoredPicture(size_t number, int64_t which, std::vector<float>& planes) const;
    /// @return CV_32FC3; empty where it cannot be decoded
    cv::Mat picture(int64_t row, bool mirrored) const;
    /// @return nothing where none of the person's pictures can be decoded
    std::optional<Drawn> appendInput(const Person& person, std::mt19937_64& random, std::vector<float>& planes) const;
    [[noreturn]] void damaged(const Person& person) const;

    const io::FaceSet& faces_;
    FaceReader reader_;
    BatchOptions options_;
    std::vector<Person> people_;
    std::vector<size_t> withProfiles_;  // persons with real profiles
    std::vector<double> weight_;        // cumulative, to draw persons by the root of their number of pictures
};

}  // namespace drgan::train
