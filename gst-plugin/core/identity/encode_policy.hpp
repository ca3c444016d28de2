// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_ENCODE_POLICY_HPP
#define DRGAN_CORE_ENCODE_POLICY_HPP

#include <array>
#include <opencv2/core.hpp>

#include "tracking/tracker.hpp"

namespace drgan {

/// What has been encoded of one track so far. Fixed size.
struct EncodeRecord {
    static constexpr int bins = 13;  ///< of yaw, -90..90 by 15 degrees
    std::array<float, bins> best{};  ///< best quality per bin; 0: none yet
    Time last = 0;                   ///< of the last encode
    bool any = false;
};

/// Decides which sightings of a face are worth the encoder's time: those that add something to what is fused.
class EncodePolicy {
public:
    struct Options {
        Time interval = 200 * millisecond;  ///< shortest time between two encodes of a track
        Time refresh = 2000 * millisecond;  ///< after this long, one more picture even if nothing is new
        float better = 1.3F;                ///< a view of a known yaw must be this much better, a factor
    };
    enum class Reason { none, first, newYaw, betterView, refresh };

    Options options;

    /// The rate allows another encode now.
    bool due(const EncodeRecord& record, Time now) const;

    /// @param yaw degrees
    /// @param quality of the aligned picture, see pictureQuality()
    Reason judge(const EncodeRecord& record, float yaw, float quality, Time now) const;

    void note(EncodeRecord& record, float yaw, float quality, Time now) const;

    /// Which of EncodeRecord's bins a yaw in degrees belongs to.
    static int binOf(float yaw);
};

/// How much an aligned crop shows, in (0, 1]: its sharpness, less where it was enlarged.
/// @param crop 8-bit BGR
/// @param faceSide side of the face's box in the frame, pixels
float pictureQuality(const cv::Mat& crop, float faceSide);

}  // namespace drgan

#endif
