// SPDX-License-Identifier: Apache-2.0
#ifndef OPENCV_DRGAN_HPP
#define OPENCV_DRGAN_HPP

#include <opencv2/core.hpp>
#include <vector>

#include "drgan/thresholds.hpp"

/**
@defgroup drgan Pose-invariant face embeddings and face frontalization

DR-GAN (Tran, Yin, Liu: "Disentangled Representation Learning GAN for Pose-Invariant Face Recognition", CVPR 2017): an
encoder that computes an embedding of a person's identity, independent of the pose, with a confidence for each picture,
and a decoder that draws the same person at any yaw. All yaws are in degrees; positive: the nose points to the image's
right.

Errors are thrown as cv::Exception; the message says what was found and what was expected.
*/

namespace cv {
namespace drgan {

//! @addtogroup drgan
//! @{

/** @brief Where the two alignment points of a face lie in the aligned face, in units of its side.

The midpoint of the eyes is mapped to `eyes`, the midpoint of the mouth corners to the point `eyeMouth` straight below
it. Both points stay visible at any yaw. The values come from the encoder's metadata. */
struct CV_EXPORTS_W_SIMPLE Alignment {
    // OpenCV's generators read neither initialisers of members nor constructors that are not declared.
    CV_WRAP Alignment() : size(0), eyeMouth(0) {}

    CV_PROP_RW int size;        //!< S, side of the aligned face in pixels
    CV_PROP_RW Point2f eyes;    //!< the midpoint of the eyes, in units of S
    CV_PROP_RW float eyeMouth;  //!< distance from the eyes' midpoint to the mouth's midpoint, in units of S
};

/** @brief Crops an aligned face: rotates and scales the picture so that the two alignment points lie where `alignment`
says.

@param src 8-bit picture with 1 (grey), 3 (BGR) or 4 (BGRA) channels.
@param face float, double or int; one of: a row of FaceDetectorYN (1x15: x, y, w, h, five landmarks x,y, score) or of
Aligner (1x16: the same and the yaw), of which only the landmarks are used; 5x2 landmarks (right eye, left eye, nose
tip, right and left mouth corner; "right" is the subject's right, which is on the image's left); a box (1x4 or 4x1: x,
y, w, h), in which the landmarks are assumed to be where they are on average in a detector's box.
@param dst SxS BGR, 8-bit. Outside the picture it shows the picture mirrored at its border and blurred, which gives
neither streaks nor a second face.
@param alignment size and position of the face in `dst`, as Encoder::alignment() returns it.
@throws cv::Exception if the picture is empty or of another type, or if the face has another shape, values that are not
finite, or no size. */
CV_EXPORTS_W void alignCrop(InputArray src, InputArray face, OutputArray dst, const Alignment& alignment);

/** @brief Returns the yaw of a row of Aligner, or estimates it from five landmarks.

The estimate uses the distance of the nose tip from the line through the midpoints of the eyes and the mouth, in units
of the distance of these midpoints. It was fitted to labelled faces: it is off by a few degrees on average near the
front, and by more beyond 45.
@param face a row of Aligner (1x16) or FaceDetectorYN (1x15), or 5x2 landmarks. A plain box has no yaw and is an error.
@return degrees in [-90, 90]. */
CV_EXPORTS_W float estimateYaw(InputArray face);

/** @brief A folder of models that belong together, and the content of its manifest. */
struct CV_EXPORTS_W_SIMPLE Bundle {
    CV_WRAP Bundle() : matchThreshold(0) {}

    CV_PROP_RW String folder;
    /** identifies the embedding space, that is, the encoder: embeddings and galleries of one id can be compared,
    whatever the other models are. All models of a bundle carry it */
    CV_PROP_RW String id;
    CV_PROP_RW String encoder;               //!< path of encoder.onnx
    CV_PROP_RW String decoder;               //!< path of decoder.onnx
    CV_PROP_RW String aligner;               //!< path of aligner.onnx; empty: this bundle has none
    CV_PROP_RW String detector;              //!< path of detector.onnx; empty: this bundle has none
    CV_PROP_RW std::vector<float> poseYaws;  //!< degrees, ascending
    /** cosine at or above which two pictures show more likely one person than two, if both cases are equally frequent.
    To name one person of many, use naming() */
    CV_PROP_RW float matchThreshold;
    /** measured on pictures of many people who were not in the training set; empty: the manifest has none */
    CV_PROP_RW Thresholds thresholds;

    /** @brief Returns the rule for Gallery::identify with this bundle's thresholds. */
    CV_WRAP NamingRule naming() const;

    /** @brief Reads the manifest of a bundle and checks that its files exist and have the listed sizes.
    @param folder the bundle's folder; empty: the folder in the environment variable DRGAN_BUNDLE, else the installed
    default bundle.
    @throws cv::Exception naming the file and the key that is missing or wrong. */
    CV_WRAP static Bundle load(const String& folder = String());
};

/** @brief Computes pose-invariant embeddings of aligned faces, each with a confidence (the paper's omega).

One object serves one thread at a time; only const functions may be called from other threads meanwhile. Use clone() to
give each thread an object of its own. */
class CV_EXPORTS_W Encoder {
public:
    /** What match() computes, as in FaceRecognizerSF. */
    enum DisType {
        FR_COSINE = 0,  //!< cosine similarity in [-1, 1]; higher: more similar
        FR_NORM_L2 = 1  //!< L2 distance of the normalised embeddings in [0, 2]; lower: more similar
    };

    virtual ~Encoder() = default;

    /** @brief Calls drgan::alignCrop with this model's alignment. */
    CV_WRAP virtual void alignCrop(InputArray src, InputArray face, OutputArray dst) const = 0;

    /** @brief Computes the embedding of one aligned face.
    @param aligned SxS, 8-bit, 1 (grey), 3 (BGR) or 4 (BGRA) channels, as alignCrop() returns it.
    @param embedding 1xNf CV_32F, not normalised: fuse() (eq. 9 of the paper) expects it so.
    @param confidence in [0, 1]: the weight of this picture when it is fused with others of the same person.
    @throws cv::Exception if the picture has another size or type. */
    CV_WRAP virtual void feature(InputArray aligned, OutputArray embedding, CV_OUT float& confidence) = 0;

    /** @brief Computes the embeddings of n aligned faces in one forward pass.
    @param aligned n pictures, each as in feature(); n >= 1.
    @param embeddings n x Nf CV_32F.
    @param confidences n x 1 CV_32F. */
    CV_WRAP virtual void features(InputArrayOfArrays aligned, OutputArray embeddings, OutputArray confidences) = 0;

    /** @brief Computes what the embeddings leave out, in the same forward pass: the appearance of each picture, that is
    light, colours and hair, with which the decoder draws the person as the camera saw her.
    @param aligned, embeddings, confidences as in features().
    @param appearances n x Nz CV_32F in [-1, 1], Nz = appearanceSize(); empty if the model has no appearance. Those of
    one person may be fused like embeddings. */
    CV_WRAP virtual void featuresAndAppearances(InputArrayOfArrays aligned, OutputArray embeddings,
                                                OutputArray confidences, OutputArray appearances);

    /** @brief Computes the appearance of one aligned face, 1xNz, or empty: see featuresAndAppearances(). Takes as long
    as feature(), because cv::dnn runs the whole model. */
    CV_WRAP virtual void appearance(InputArray aligned, OutputArray appearance);

    /** @brief Compares two embeddings (1xNf or Nf x1, CV_32F; not all zeros). Does not change them. */
    CV_WRAP virtual double match(InputArray a, InputArray b, int disType = Encoder::FR_COSINE) const = 0;

    CV_WRAP virtual int embeddingSize() const = 0;    //!< Nf
    CV_WRAP virtual int appearanceSize() const;       //!< Nz of the decoder; 0: the model has no appearance
    CV_WRAP virtual Alignment alignment() const = 0;  //!< alignment().size is S
    CV_WRAP virtual String bundleId() const = 0;      //!< identifies the embedding space: see Bundle::id

    /** @brief Returns another encoder of the same model, for another thread. Cheaper than create(): the file is neither
    read nor checked again, and its bytes are shared. The clone has weights and working memory of its own, because
    cv::dnn cannot share them. */
    CV_WRAP virtual Ptr<Encoder> clone() const = 0;

    /** @param model path of encoder.onnx
    @param backendId, targetId as in cv::dnn::Net::setPreferableBackend / setPreferableTarget
    @throws cv::Exception if the file cannot be read or breaks the model contract (drgan/model_contract.hpp). */
    CV_WRAP static Ptr<Encoder> create(const String& model, int backendId = 0, int targetId = 0);
    /** @param model the bytes of encoder.onnx */
    static Ptr<Encoder> create(const std::vector<uchar>& model, int backendId = 0, int targetId = 0);
};

/** @brief Draws the face of an embedding at any of the model's yaws.

One object serves one thread at a time; only const functions may be called from other threads meanwhile. */
class CV_EXPORTS_W Decoder {
public:
    virtual ~Decoder() = default;

    /** @brief Draws the face at a yaw.
    @param embedding 1xNf or Nf x1, CV_32F: of one picture, or fused.
    @param yawDegrees any yaw: between two of poses(), their codes are mixed. Beyond the outermost pose, that one is
    drawn; more than half a step beyond it is an error.
    @param face SxS BGR, 8-bit.
    @param noise Nz values in [-1, 1] (CV_32F) that determine what the embedding does not: for a model with an
    appearance that of the person (see Encoder::featuresAndAppearances), else noise. Empty: zeros, the mean look. */
    CV_WRAP virtual void rotate(InputArray embedding, float yawDegrees, OutputArray face,
                                InputArray noise = noArray()) = 0;

    /** @brief Draws the frontal view: rotate() with yaw 0. */
    CV_WRAP virtual void frontalize(InputArray embedding, OutputArray face, InputArray noise = noArray()) = 0;

    CV_WRAP virtual std::vector<float> poses() const = 0;  //!< yaws that the model draws, degrees, ascending
    CV_WRAP virtual int embeddingSize() const = 0;         //!< Nf
    CV_WRAP virtual int noiseSize() const = 0;             //!< Nz
    CV_WRAP virtual int imageSize() const = 0;             //!< S
    CV_WRAP virtual String bundleId() const = 0;           //!< of the encoder that it belongs to: see Bundle::id

    /** @brief Returns another decoder of the same model, for another thread: see Encoder::clone. */
    CV_WRAP virtual Ptr<Decoder> clone() const = 0;

    /** @param model path of decoder.onnx
    @param encoder if given, the decoder must have its bundle id.
    @param backendId, targetId as in cv::dnn::Net::setPreferableBackend / setPreferableTarget
    @throws cv::Exception if the file cannot be read or breaks the model contract (drgan/model_contract.hpp), or if the
    bundle ids differ. */
    CV_WRAP static Ptr<Decoder> create(const String& model, const Ptr<Encoder>& encoder = Ptr<Encoder>(),
                                       int backendId = 0, int targetId = 0);
    /** @param model the bytes of decoder.onnx */
    static Ptr<Decoder> create(const std::vector<uchar>& model, const Ptr<Encoder>& encoder = Ptr<Encoder>(),
                               int backendId = 0, int targetId = 0);
};

/** @brief Locates the landmarks and measures the yaw and the face score of faces whose boxes are known: from any
detector, drawn by hand, or from the previous frame.

One object serves one thread at a time; only const functions may be called from other threads meanwhile. */
class CV_EXPORTS_W Aligner {
public:
    virtual ~Aligner() = default;

    /** @brief Runs the network on a square crop around each box, rotated with the face.

    @param image 8-bit picture of any size with 1 (grey), 3 (BGR) or 4 (BGRA) channels. Outside it, crops show what
    alignCrop shows.
    @param boxes one face per row, in pixels of `image`; float, double or int. n x 4 (x, y, w, h); or n x 15 or n x 16,
    rows of FaceDetectorYN or of this function, whose landmarks determine position, size and roll of the crop. A plain
    box stands for the square of its larger side around its centre. Also a vector of cv::Rect. An empty matrix: no box.
    @param faces n x 16 CV_32F, row i for box i, in pixels of `image`: x, y, w, h; five landmarks x,y (right eye, left
    eye, nose tip, right and left mouth corner; "right" is the subject's right); face score in [0, 1]; yaw in degrees,
    [-90, 90]. Without boxes: an empty matrix. The box is the upright square in which a detector's landmarks would be at
    these places on average: for an upright face, alignCrop gives the same crop with this box as with the landmarks. May
    be the same matrix as `boxes`.

    A row with score 0 is no face: its box does not touch the picture, or the network's output is not finite or not
    plausible (landmarks outside the crop by more than its side, or eyes and mouth less than half a pixel apart). Its
    landmarks are the average ones for the box, and its yaw is 0. A row with a score above 0 is valid input for align(),
    alignCrop() and estimateYaw().
    @param passes 1: one pass. 2: a second pass on the faces found, as if `faces` was passed to this function again:
    better if boxes are inaccurate or heads are tilted. 3: the second pass averages the results of each crop and of its
    mirror image: the most accurate landmarks, above all on frontal faces. The time grows with the number.
    @throws cv::Exception for another shape or type, and, naming the row, for values that are not finite or beyond a
    million, w or h below 1, or eyes and mouth less than half a pixel apart. */
    CV_WRAP virtual void align(InputArray image, InputArray boxes, OutputArray faces, int passes = 1) = 0;

    CV_WRAP virtual int imageSize() const = 0;     //!< S, pixels: side of the crop that the network takes
    CV_WRAP virtual float cropFactor() const = 0;  //!< side of the crop in units of the box's larger side
    CV_WRAP virtual String bundleId() const = 0;   //!< of the encoder that it belongs to: see Bundle::id

    /** @brief Returns another aligner of the same model, for another thread: see Encoder::clone. */
    CV_WRAP virtual Ptr<Aligner> clone() const = 0;

    /** @param model path of aligner.onnx
    @param encoder if given, the aligner must have its bundle id.
    @param backendId, targetId as in cv::dnn::Net::setPreferableBackend / setPreferableTarget
    @throws cv::Exception if the file cannot be read or breaks the model contract (drgan/model_contract.hpp), or if the
    bundle ids differ. */
    CV_WRAP static Ptr<Aligner> create(const String& model, const Ptr<Encoder>& encoder = Ptr<Encoder>(),
                                       int backendId = 0, int targetId = 0);
    /** @param model the bytes of aligner.onnx */
    static Ptr<Aligner> create(const std::vector<uchar>& model, const Ptr<Encoder>& encoder = Ptr<Encoder>(),
                               int backendId = 0, int targetId = 0);
};

/** @brief Detects the faces in a picture with the bundle's own network: boxes and landmarks, at any yaw.

One object serves one thread at a time; only const functions may be called from other threads meanwhile. */
class CV_EXPORTS_W Detector {
public:
    virtual ~Detector() = default;

    /** @brief Detects all faces of a picture.

    @param image 8-bit picture of any size with 1 (grey), 3 (BGR) or 4 (BGRA) channels. If its longer side is above
    getMaxSide(), it is scaled down to that. For faces larger than imageSize(), detection is repeated at a quarter of
    the size until the picture's longer side is at most 1.5 times imageSize(), which takes about a fifteenth more time.
    @param faces n x 15 CV_32F, rows as of FaceDetectorYN, in pixels of `image`, the highest score first: x, y, w, h,
    as of a Rect (the first pixel is from 0 to 1); five landmarks x,y (right eye, left eye, nose tip, right and left
    mouth corner; "right" is the subject's right), with pixel centres at whole numbers; score in [0, 1]. Boxes and
    landmarks may lie partly outside the picture. Without a face: an empty matrix. */
    CV_WRAP virtual void detect(InputArray image, OutputArray faces) = 0;

    /** @brief Sets the minimum score of a face, in [0, 1]; default 0.5, which is low: an Aligner should confirm the
    detections. */
    CV_WRAP virtual void setScoreThreshold(float scoreThreshold) = 0;
    CV_WRAP virtual float getScoreThreshold() const = 0;
    /** @brief Sets the threshold of non-maximum suppression: of boxes that overlap by more than this (intersection over
    union, in [0, 1]; default 0.3), only the one with the highest score is kept. */
    CV_WRAP virtual void setNMSThreshold(float nmsThreshold) = 0;
    CV_WRAP virtual float getNMSThreshold() const = 0;
    /** @brief Sets the number of top-scoring boxes kept before non-maximum suppression, >= 1; default 1000. */
    CV_WRAP virtual void setTopK(int topK) = 0;
    CV_WRAP virtual int getTopK() const = 0;
    /** @brief Sets the longer side to which larger pictures are scaled down, 32 to 8192 pixels; default 640. The time
    grows with its square. With a smaller value small faces are missed, because they have fewer pixels after scaling. */
    CV_WRAP virtual void setMaxSide(int pixels) = 0;
    CV_WRAP virtual int getMaxSide() const = 0;

    CV_WRAP virtual int imageSize() const = 0;    //!< S, pixels: side of the largest face that the network detects
    CV_WRAP virtual String bundleId() const = 0;  //!< of the encoder that it belongs to: see Bundle::id

    /** @brief Returns another detector of the same model and settings, for another thread: see Encoder::clone. */
    CV_WRAP virtual Ptr<Detector> clone() const = 0;

    /** @param model path of detector.onnx
    @param encoder if given, the detector must have its bundle id.
    @param backendId, targetId as in cv::dnn::Net::setPreferableBackend / setPreferableTarget
    @throws cv::Exception if the file cannot be read or breaks the model contract (drgan/model_contract.hpp), or if the
    bundle ids differ. */
    CV_WRAP static Ptr<Detector> create(const String& model, const Ptr<Encoder>& encoder = Ptr<Encoder>(),
                                        int backendId = 0, int targetId = 0);
    /** @param model the bytes of detector.onnx */
    static Ptr<Detector> create(const std::vector<uchar>& model, const Ptr<Encoder>& encoder = Ptr<Encoder>(),
                                int backendId = 0, int targetId = 0);
};

/** @brief Detects faces and locates their landmarks: with a bundle's Detector, whose detections its Aligner confirms,
or with YuNet (cv::FaceDetectorYN) if its model is given.

One object serves one thread at a time; only const functions may be called from other threads meanwhile. */
class CV_EXPORTS_W FaceFinder {
public:
    virtual ~FaceFinder() = default;

    /** @brief Detects all faces of a picture.
    @param image 8-bit picture with 1 (grey), 3 (BGR) or 4 (BGRA) channels.
    @param faces n x 15 CV_32F, rows as of FaceDetectorYN (x, y, w, h, five landmarks x,y, score in [0, 1]), in pixels
    of `image`, the highest score first, each face once. Without a face: an empty matrix.
    @param minFace pixels; faces whose larger side is below this are left out. */
    CV_WRAP virtual void find(InputArray image, OutputArray faces, float minFace = 0) = 0;

    /** @brief Detects the main face of a still picture of any size: a large one near the middle.

    Tries several scales until a face is found, then locates its landmarks again with the face scaled to about 110
    pixels, where they are most accurate.
    @param image as in find().
    @param face 1x15, a row as in find(), in pixels of `image`; empty if there is none.
    @return whether there is a face. */
    CV_WRAP bool findMain(InputArray image, OutputArray face);

    CV_WRAP virtual int workingSide() const = 0;         //!< pixels: `image` should have at most this longer side
    CV_WRAP virtual float sureScore() const = 0;         //!< score from which a single detection is reliable
    CV_WRAP virtual bool measuresLandmarks() const = 0;  //!< false: the landmarks are only approximate

    /** @brief Returns another finder of the same models, for another thread: see Encoder::clone. With YuNet it reads
    the file again, which must still exist. */
    CV_WRAP virtual Ptr<FaceFinder> clone() const = 0;

    /** @param model YuNet's file: the 2022 model for OpenCV up to 4.7, the 2023 model from 4.8 on; empty: use the
    networks of a bundle.
    @param bundle the bundle's folder, as in Bundle::load; ignored if a YuNet model is given.
    @param backendId, targetId as in cv::dnn::Net::setPreferableBackend / setPreferableTarget
    @throws cv::Exception naming the file that is missing or cannot be used. */
    CV_WRAP static Ptr<FaceFinder> create(const String& model = String(), const String& bundle = String(),
                                          int backendId = 0, int targetId = 0);
    /** @param detector detects the faces
    @param aligner of the same bundle. Without it detections are not confirmed, and landmarks are only approximate. */
    static Ptr<FaceFinder> createFromModels(const Ptr<Detector>& detector,
                                            const Ptr<Aligner>& aligner = Ptr<Aligner>());
};

/** @brief Fuses n embeddings f of one person, weighted by their confidences w: sum(w f) / sum(w) (eq. 9 of the paper).
@param embeddings n x Nf CV_32F, n >= 1
@param confidences n values (CV_32F), finite and >= 0. If all are zero, the plain mean is computed.
@param fused 1xNf CV_32F */
CV_EXPORTS_W void fuse(InputArray embeddings, InputArray confidences, OutputArray fused);

/** @brief Fuses embeddings of one person one after the other, in constant memory; the result is that of fuse(). */
class CV_EXPORTS_W_SIMPLE Template {
public:
    CV_WRAP Template() = default;
    /** @brief Adds one embedding (1xNf or Nf x1, CV_32F, finite) with its confidence (finite, >= 0). */
    CV_WRAP void add(InputArray embedding, float confidence);
    /** @brief Returns the fused embedding, a new 1xNf CV_32F matrix. An empty template is an error. */
    CV_WRAP void fused(OutputArray embedding) const;
    CV_WRAP int size() const;                //!< number of embeddings added
    CV_WRAP double totalConfidence() const;  //!< sum of their confidences
    CV_WRAP void reset();

private:
    Mat weighted_;  // 1xNf CV_64F: sum of w f
    Mat plain_;     // 1xNf CV_64F: sum of f, for when all w are zero
    double total_ = 0;
    int size_ = 0;
};

//! @}

}  // namespace drgan
}  // namespace cv

#include "drgan/backend.hpp"
#include "drgan/gallery.hpp"

#endif
