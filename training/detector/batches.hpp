// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "detector/scene.hpp"
#include "run/sampling.hpp"
#include "small_network/backgrounds.hpp"
#include "small_network/labelled_scenes.hpp"
#include "small_network/loose_faces.hpp"

namespace drgan::train {

/// How pictures for the detector are made. Sides of composed faces are those of boxOf().
struct SceneOptions {
    int count = 16;                  ///< B, pictures in a batch
    int side = 256;                  ///< S, pixels, a multiple of 32
    double smallest = 12;            ///< side of a face's box, pixels, at least
    int mostFaces = 6;               ///< in one picture
    double emptyShare = 0.15;        ///< of the pictures show no face
    double ownShare = 0.3;           ///< show one face before what it was photographed before
    double decoyShare = 0.4;         ///< have pieces of other backgrounds put into them just as faces are
    double shown = 1.8;              ///< of a box's side: how far the set's pictures show what is around a face
    double cutShare = 0.2;           ///< of the faces may be cut off by the border
    double hardNegativeShare = 0.3;  ///< of the backgrounds are places where a face was detected and there is none
    double roll = 40;                ///< degrees, at most, each way
    double maskShare = 0.1;          ///< of the composed faces wear a mask
    double realShare = 0.5;          ///< of the pictures, where there are scenes, are cut out of them
    double smallestReal = 9;         ///< as `smallest`, of faces in those
};

/// One step's pictures.
struct DetectorBatch {
    std::vector<float> pictures;                ///< [B,3,S,S] in [-1,1]
    std::vector<std::vector<SceneFace>> faces;  ///< of each picture, pixels
};

/// Composes pictures of any number of faces, and cuts them out of photographs. What a batch holds depends only on the
/// seed, the step and the hard negatives.
class DetectorSampler {
public:
    /// @param common its turned share, changes to pictures, seed and `validation` are used
    /// @param backgrounds outlives the sampler
    DetectorSampler(const io::FaceSet& faces, const Backgrounds& backgrounds, SamplingOptions common,
                    SceneOptions scenes);

    DetectorBatch draw(int64_t step) const;
    size_t faces() const { return faces_.size(); }  ///< pictures of faces to draw from

    /// Photographs for the realShare; outlive the sampler.
    void setScenes(const LabelledScenes* scenes) { labelled_ = scenes; }

    /// Not while another thread draws.
    void setHardNegatives(std::vector<HardNegative> negatives) { hardNegatives_ = std::move(negatives); }

private:
    Scene drawScene(std::mt19937_64& random) const;
    Scene drawReal(std::mt19937_64& random) const;
    Scene drawOwn(std::mt19937_64& random) const;
    cv::Mat drawBackground(std::mt19937_64& random) const;
    cv::Mat drawPiece(int side, std::mt19937_64& random) const;
    void putDecoys(Scene& scene, std::mt19937_64& random) const;
    void putFaces(Scene& scene, double smallest, std::mt19937_64& random) const;
    LooseFaces::Picture drawFace(std::mt19937_64& random) const;  // its pixels CV_32FC3 in [-1,1]

    LooseFaces faces_;
    const Backgrounds& backgrounds_;
    const LabelledScenes* labelled_ = nullptr;
    SamplingOptions common_;
    SceneOptions scenes_;
    std::vector<HardNegative> hardNegatives_;
};

}  // namespace drgan::train
