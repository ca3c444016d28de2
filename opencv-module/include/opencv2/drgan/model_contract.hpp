// SPDX-License-Identifier: Apache-2.0
//
// The names of the tensors, metadata keys and files that the trainer writes and cv::drgan reads. Values (sizes, poses,
// alignment) are not here: the ONNX files carry them. The only values here are the strides of the detector and the
// average position of a face in its box.

#ifndef OPENCV_DRGAN_MODEL_CONTRACT_HPP
#define OPENCV_DRGAN_MODEL_CONTRACT_HPP

namespace cv {
namespace drgan {
namespace contract {

/// Version of the contract that this header describes; a model of another version is refused.
constexpr int version = 1;

// Files of a bundle: a folder with the models and their manifest.
constexpr const char* encoderFile = "encoder.onnx";
constexpr const char* decoderFile = "decoder.onnx";
constexpr const char* alignerFile = "aligner.onnx";    ///< optional
constexpr const char* detectorFile = "detector.onnx";  ///< optional
constexpr const char* manifestFile = "manifest.json";

// encoder.onnx: image [N,3,S,S] RGB in [-1,1] -> embedding [N,Nf], confidence [N,1] in (0,1) and, optionally,
// appearance [N,Nz] in [-1,1], which the decoder takes for its noise.
constexpr const char* encoderImage = "image";
constexpr const char* encoderEmbedding = "embedding";
constexpr const char* encoderConfidence = "confidence";
constexpr const char* encoderAppearance = "appearance";  ///< optional

// decoder.onnx: embedding [N,Nf], pose [N,Np], noise [N,Nz] in [-1,1] -> face [N,3,S,S] RGB in [-1,1].
// The pose code is one-hot at a yaw of keyPoseYaws; between two of them it is their mixture.
constexpr const char* decoderEmbedding = "embedding";
constexpr const char* decoderPose = "pose";
constexpr const char* decoderNoise = "noise";
constexpr const char* decoderFace = "face";

// aligner.onnx: crop [N,3,S,S] RGB in [-1,1], a square around a face's box, larger than the box
//   -> landmarks [N,10], yaw [N,1] (degrees / 90), face_score [N,1] in (0,1).
// Landmarks are x,y of right eye, left eye, nose tip, right and left mouth corner ("right" is the subject's right: the
// image's left), in units of the crop's side: 0..1 inside the crop; landmarks may be outside. As in alignment, the
// centre of pixel i is at i / S: the crop's centre, 0.5, is the box's centre and the centre of pixel S / 2.
constexpr const char* alignerCrop = "crop";
constexpr const char* alignerLandmarks = "landmarks";
constexpr const char* alignerYaw = "yaw";
constexpr const char* alignerScore = "face_score";

// detector.onnx: image [N,3,H,W] RGB in [-1,1], H and W multiples of the largest stride and at least twice the largest
// stride, because OpenCV 4.10 computes wrong values in maps that are one cell wide or high
//   -> for each stride s: score_s [N,1,H/s,W/s] in (0,1), box_s [N,4,H/s,W/s], landmarks_s [N,10,H/s,W/s].
// The cell in column c and row r of a map is at pixel (c s, r s), where (0, 0) is the centre of the first pixel. Its
// box, in units of s: the offset x,y of the face's centre from the cell, and the natural logarithms of width and
// height. Its landmarks, in the aligner's order: offsets x,y from the cell, in units of s.
constexpr int detectorStrides[] = {8, 16, 32};
constexpr const char* detectorImage = "image";
constexpr const char* detectorScore[] = {"score_8", "score_16", "score_32"};
constexpr const char* detectorBox[] = {"box_8", "box_16", "box_32"};
constexpr const char* detectorLandmarks[] = {"landmarks_8", "landmarks_16", "landmarks_32"};

// metadata_props of every model. Numbers are written in the C locale, lists are joined by commas.
constexpr const char* keyVersion = "drgan.contract_version";  ///< integer, equals `version`
constexpr const char* keyRole = "drgan.role";                 ///< "encoder", "decoder", "aligner" or "detector"
constexpr const char* keyBundleId = "drgan.bundle_id";        ///< identifies the embedding space; same in all models
constexpr const char* keyImageSize = "drgan.image_size";      ///< S, pixels; detector: see below
constexpr const char* keyColorOrder = "drgan.color_order";    ///< "RGB"
constexpr const char* keyPixelRange = "drgan.pixel_range";    ///< "-1,1": values of byte 0 and byte 255

// metadata_props of encoder and decoder.
constexpr const char* keyEmbeddingSize = "drgan.embedding_size";  ///< Nf

// metadata_props of the encoder: position of the face after alignment, in units of S (see Alignment).
constexpr const char* keyAlignEyes = "drgan.align_eyes";            ///< "x,y" of the midpoint of the eyes
constexpr const char* keyAlignEyeMouth = "drgan.align_eye_mouth";   ///< distance from the eyes' to the mouth's midpoint
constexpr const char* keyAppearanceSize = "drgan.appearance_size";  ///< Nz of the decoder; only with an appearance

// metadata_props of the decoder.
constexpr const char* keyPoseYaws = "drgan.pose_yaws";    ///< degrees per pose code, ascending, e.g. "-90,...,90"
constexpr const char* keyNoiseSize = "drgan.noise_size";  ///< Nz

// metadata_props of the aligner: the size of the crop around a box.
constexpr const char* keyCropFactor = "drgan.crop_factor";  ///< the crop's side in units of the box's larger side, 1..4

// The detector's keyImageSize is the side of the pictures that it was trained on: it detects no larger faces.

// Average position of the eyes' and the mouth's midpoints in a detector's square box, in units of its side from its
// top; both are on its vertical centre line. Means over the 38,296 faces of the training set's labels.csv, whose crops
// are squares of 1.8 x the larger side of a YuNet box: eyes (0.494, 0.397), mouth (0.499, 0.747). x is taken as 0.5,
// because mirrored faces are as likely.
constexpr double boxEyesY = 0.397;
constexpr double boxMouthY = 0.747;

// Keys of manifest.json.
constexpr const char* manifestBundleId = "bundle_id";  ///< equals keyBundleId of the models
constexpr const char* manifestVersion = "contract_version";
constexpr const char* manifestFiles = "files";  ///< list of {"name", "bytes"}; other keys are ignored
constexpr const char* manifestPoseYaws = "pose_yaws";
constexpr const char* manifestAlignment = "alignment";  ///< {"eyes": [x, y], "eye_mouth": d}, units of S
/// Cosine at or above which two pictures show more likely one person than two, if both cases are equally frequent.
constexpr const char* manifestMatchThreshold = "match_threshold";
/// List of {"false_match_rate": r, "cosine": c}: a share r of all pairs of different people is at or above c. 2 to 64
/// entries, rates within (0, 1) and descending, cosines within [-1, 1] and ascending. Optional: without them, the match
/// threshold is used to name people, however many there are. drgan-eval measures and writes them.
constexpr const char* manifestThresholds = "thresholds";
constexpr const char* manifestFalseMatchRate = "false_match_rate";  ///< of an entry
constexpr const char* manifestCosine = "cosine";                    ///< of an entry

}  // namespace contract
}  // namespace drgan
}  // namespace cv

#endif
