// SPDX-License-Identifier: Apache-2.0
//
// From one labelled picture to aligned faces: the real one and its turned views.

#pragma once

#include <cstdint>
#include <memory>
#include <opencv2/core.hpp>
#include <opencv2/drgan.hpp>
#include <opencv2/objdetect.hpp>
#include <random>
#include <string>
#include <vector>

#include "face_cutter.hpp"
#include "labels.hpp"
#include "recognizer.hpp"
#include "turned_views.hpp"

namespace drgan::data {

/// What to make of the pictures.
struct Options {
    cv::drgan::Alignment alignment;
    float boxShare = 1 / 1.8F;  ///< side of the face box in sides of the picture (loose crops, face in the middle)
    std::string mesh;           ///< face mesh model; empty: no turned views
    int turned = 3;             ///< views per near-frontal picture
    float turnBelow = 25;       ///< degrees of own yaw up to which a picture is turned
    float meshScore = 0.7F;     ///< least score of the mesh for turning
    std::string detector;       ///< YuNet; empty: turned views take the mesh's landmarks
    bool whole = false;         ///< whole pictures: the face is found and cut out first
    CutterOptions cutter;       ///< for whole pictures
    std::string teacher;        ///< recogniser; empty: no teacher
    RecognizerInput teacherInput;
    bool teacherFivePoint = false;  ///< align by alignFivePoint(); else as the faces
    uint64_t seed = 1;
};

/// One aligned face of the set.
struct PreparedFace {
    std::vector<uint8_t> jpeg;
    float yaw = 0;        ///< degrees
    Landmarks landmarks;  ///< pixels of the aligned face
};

/// What became of one picture. faces[0] is the real one; the rest were turned from it.
struct Prepared {
    std::vector<PreparedFace> faces;
    std::vector<float> teacher;  ///< unit embedding of faces[0]; empty without a teacher
    int detected = 0;            ///< turned views whose landmarks are the detector's
    bool given = false;          ///< the landmarks of faces[0] are the list's
};

/// Where a similarity that brings the eyes' and the mouth's midpoints to their places in the aligned face puts points.
Landmarks alignLandmarks(const Landmarks& landmarks, const cv::drgan::Alignment& alignment);

/// Yaws (degrees, own yaw included) to turn a picture to: one from each of |yaw| 20..42, 42..64, 64..88 (`count` of
/// them, random ones if fewer, more rounds if more), more often to the side where the face looks already. From an own
/// yaw of 25 on, all lie beyond it on that side: the picture does not show the other one.
std::vector<float> chooseYaws(float ownYaw, int count, std::mt19937_64& random);

/// Prepares pictures; has its own networks. One object serves one thread at a time.
class Preparer {
public:
    /// @throws std::runtime_error naming the model that cannot be loaded.
    explicit Preparer(const Options& options);

    /// The same result whatever was prepared before: random choices are seeded by the picture's line.
    /// @param bytes an encoded picture
    /// @throws std::runtime_error or cv::Exception saying why the picture cannot be used.
    Prepared prepare(const Label& label, const std::vector<uint8_t>& bytes);

private:
    /// Finds the face nearest to a place, at most `within` from it.
    /// @param eyeMouth about its distance from eyes to mouth; 0: not known
    bool detect(const cv::Mat& picture, cv::Point2f near, float within, float eyeMouth, Landmarks& landmarks);
    FaceView viewCrop(const cv::Mat& picture, const Label& label);
    void embed(const FaceView& view, Prepared& prepared);
    void addTurned(const Label& label, const FaceView& view, float yaw, Prepared& prepared);
    PreparedFace align(const cv::Mat& picture, const Landmarks& landmarks, float yaw, cv::Mat& aligned) const;

    Options options_;
    std::unique_ptr<FaceCutter> cutter_;
    std::unique_ptr<FaceMesher> mesher_;
    std::unique_ptr<Recognizer> teacher_;
    cv::Ptr<cv::FaceDetectorYN> detector_;
};

}  // namespace drgan::data
