// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "run/sampling.hpp"
#include "small_network/backgrounds.hpp"
#include "small_network/crops.hpp"
#include "small_network/labelled_scenes.hpp"
#include "small_network/loose_faces.hpp"

namespace drgan::train {

/// How the aligner's crops lie. Boxes are those of boxOf().
struct CropOptions {
    int count = 64;                        ///< B, crops in a batch
    double missedShare = 0.3;              ///< of the crops, those that show no face as they should
    double shift = 0.2;                    ///< of the box's side, at most, each way
    double smallest = 0.7, largest = 1.4;  ///< crop / (cropFactor x box)
    double roll = 30;                      ///< degrees, at most, each way
    double realShare = 0.5;                ///< of the faces are of photographs of people, where there are some
    double maskShare = 0.1;                ///< of the faces wear a mask
};

/// One step's crops.
struct AlignerBatch {
    std::vector<float> crops;      ///< [B,3,cropSide,cropSide] in [-1,1]
    std::vector<float> landmarks;  ///< [B,10] in units of the crop's side; 0 where there is no face
    std::vector<float> yaw;        ///< [B] in units of 90 degrees; NaN: not known
    std::vector<float> face;       ///< [B] 1 or 0
};

/// Draws crops of faces, evenly over their yaws, and crops that miss them. What a batch holds depends only on the seed
/// and the step.
class AlignerSampler {
public:
    /// @param common its shares, changes to pictures, seed and `validation` are used
    /// @throws std::runtime_error if the set's faces are not loose enough, or if nobody is in it
    AlignerSampler(const io::FaceSet& faces, SamplingOptions common, CropOptions crops);

    /// Half of the crops that show no face are cut from photographs from here on: most of them where a detector found
    /// a face, if it did.
    /// @param photos outlives the sampler
    void setPhotos(const Backgrounds& photos, std::vector<HardNegative> hardNegatives);

    /// Photographs of people for the realShare; outlive the sampler.
    void setScenes(const LabelledScenes* scenes) { labelled_ = scenes; }

    AlignerBatch draw(int64_t step) const;
    size_t faces() const { return faces_.size(); }  ///< pictures to draw from

private:
    Square around(const Square& box, std::mt19937_64& random) const;
    /// @param others boxes of the faces beside it
    LooseFaces::Picture drawFace(std::mt19937_64& random, std::vector<cv::Rect2d>& others) const;
    cv::Mat miss(std::mt19937_64& random) const;
    cv::Mat photo(std::mt19937_64& random) const;

    LooseFaces faces_;
    SamplingOptions common_;
    CropOptions crops_;
    const LabelledScenes* labelled_ = nullptr;
    const Backgrounds* photos_ = nullptr;
    std::vector<HardNegative> hardNegatives_;
};

}  // namespace drgan::train
