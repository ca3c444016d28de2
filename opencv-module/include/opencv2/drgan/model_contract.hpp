// SPDX-License-Identifier: Apache-2.0
//
// The one place that names the tensors, the metadata keys and the file names that the trainer writes and the runtime
// reads. Values (sizes, poses, alignment) are not here: the ONNX files carry them. The one convention in numbers is
// where a face lies in its box.

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
constexpr const char* alignerFile = "aligner.onnx";    ///< a bundle may do without
constexpr const char* detectorFile = "detector.onnx";  ///< a bundle may do without
constexpr const char* manifestFile = "manifest.json";

// encoder.onnx: image [N,3,S,S] RGB in [-1,1] -> embedding [N,Nf], confidence [N,1] in (0,1).
constexpr const char* encoderImage = "image";
constexpr const char* encoderEmbedding = "embedding";
constexpr const char* encoderConfidence = "confidence";

// decoder.onnx: embedding [N,Nf], pose [N,Np] one-hot, noise [N,Nz] in [-1,1] -> face [N,3,S,S] RGB in [-1,1].
constexpr const char* decoderEmbedding = "embedding";
constexpr const char* decoderPose = "pose";
constexpr const char* decoderNoise = "noise";
constexpr const char* decoderFace = "face";

// aligner.onnx: crop [N,3,S,S] RGB in [-1,1], a loose square around a face's box
//   -> landmarks [N,10], yaw [N,1] (degrees / 90), face_score [N,1] in (0,1).
// Landmarks are x,y of right eye, left eye, nose tip, right and left mouth corner ("right" is the subject's right: the
// image's left), in units of the crop's side: 0..1 inside the crop, and points may lie outside. As in alignment, the
// centre of pixel i is at i / S: the crop's middle, 0.5, is that of its box, and lies on pixel S / 2.
constexpr const char* alignerCrop = "crop";
constexpr const char* alignerLandmarks = "landmarks";
constexpr const char* alignerYaw = "yaw";
constexpr const char* alignerScore = "face_score";

// detector.onnx: image [N,3,H,W] RGB in [-1,1], H and W multiples of the largest stride, and twice
// it at least: OpenCV 4.10 computes maps that are one cell wide or high wrong
//   -> for each stride s: score_s [N,1,H/s,W/s] in (0,1), box_s [N,4,H/s,W/s], landmarks_s [N,10,H/s,W/s].
// The cell in column c and row r of a map lies at pixel (c s, r s), the centre of the first pixel being (0, 0). Its
// box, in units of s: the offset x,y of the face's middle from the cell, and the natural logarithms of width and
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
constexpr const char* keyPixelRange = "drgan.pixel_range";    ///< "-1,1": what 0 and 255 become

// metadata_props of encoder and decoder.
constexpr const char* keyEmbeddingSize = "drgan.embedding_size";  ///< Nf

// metadata_props of the encoder: where alignment puts the face, in units of S (see Alignment).
constexpr const char* keyAlignEyes = "drgan.align_eyes";           ///< "x,y" of the midpoint of the eyes
constexpr const char* keyAlignEyeMouth = "drgan.align_eye_mouth";  ///< distance eye midpoint to mouth midpoint

// metadata_props of the decoder.
constexpr const char* keyPoseYaws = "drgan.pose_yaws";    ///< degrees per pose code, ascending, e.g. "-90,...,90"
constexpr const char* keyNoiseSize = "drgan.noise_size";  ///< Nz

// metadata_props of the aligner: how large a crop it looks at.
constexpr const char* keyCropFactor = "drgan.crop_factor";  ///< the crop's side in units of the box's larger side, 1..4

// The detector's keyImageSize is the side of the pictures that it has learned from: it knows no larger faces.

// Where the eyes' and the mouth's midpoints lie in a detector's box, in units of its larger side from the box's top,
// both on its vertical middle. Means over the 38,296 faces of the training set's labels.csv, whose crops are squares of
// 1.8 x the larger side of a YuNet box: eyes (0.494, 0.397), mouth (0.499, 0.747); mirrored faces being as likely, x is
// 0.5.
constexpr double boxEyesY = 0.397;
constexpr double boxMouthY = 0.747;

// Keys of manifest.json.
constexpr const char* manifestBundleId = "bundle_id";  ///< equals keyBundleId of the models
constexpr const char* manifestVersion = "contract_version";
constexpr const char* manifestFiles = "files";  ///< list of {"name", "bytes"}; other keys are ignored
constexpr const char* manifestPoseYaws = "pose_yaws";
constexpr const char* manifestAlignment = "alignment";  ///< {"eyes": [x, y], "eye_mouth": d}, units of S
/// Cosine at or above which two pictures are rather one person's than two people's, as likely the one as the other.
constexpr const char* manifestMatchThreshold = "match_threshold";
/// List of {"false_match_rate": r, "cosine": c}: a share r of all pairs of two people is at or above c. 2 to 64 of
/// them, rates within (0, 1) and descending, cosines within [-1, 1] and ascending. A bundle may do without: then names
/// are given from the match threshold on, however many people there are. drgan-eval measures and writes them.
constexpr const char* manifestThresholds = "thresholds";
constexpr const char* manifestFalseMatchRate = "false_match_rate";  ///< of an entry
constexpr const char* manifestCosine = "cosine";                    ///< of an entry

}  // namespace contract
}  // namespace drgan
}  // namespace cv

#endif
