// SPDX-License-Identifier: Apache-2.0
#ifndef OPENCV_DRGAN_HPP
#define OPENCV_DRGAN_HPP

#include <opencv2/core.hpp>
#include <vector>

#include "drgan/thresholds.hpp"

/**
@defgroup drgan Pose-invariant face embeddings and face frontalization

DR-GAN (Tran, Yin, Liu: "Disentangled Representation Learning GAN for Pose-Invariant Face Recognition", CVPR 2017): an
encoder whose embedding carries identity and not pose, with a confidence per picture, and a decoder that draws the same
person at any yaw. Yaw is in degrees everywhere; positive turns the nose to the image's right.

Errors are cv::Exception; the message names what was found and what was expected.
*/

namespace cv {
namespace drgan {

//! @addtogroup drgan
//! @{

/** @brief Where the two alignment points of a face lie in an aligned crop, in units of the crop's side.

The midpoint of the eyes goes to `eyes`, the midpoint of the mouth corners to the point `eyeMouth` straight below it.
Both points survive any yaw. The values come from the encoder's metadata. */
struct CV_EXPORTS_W_SIMPLE Alignment {
    // OpenCV's generators read neither initialisers of members nor constructors that are not declared.
    CV_WRAP Alignment() : size(0), eyeMouth(0) {}

    CV_PROP_RW int size;        //!< S, side of the aligned crop in pixels
    CV_PROP_RW Point2f eyes;    //!< of the midpoint of the eyes, in units of S
    CV_PROP_RW float eyeMouth;  //!< distance from the eyes' midpoint to the mouth's, in units of S
};

/** @brief Cuts a face out of a picture, turned and scaled so that its two alignment points lie where `alignment` says.

@param src 8-bit picture with 1 (grey), 3 (BGR) or 4 (BGRA) channels.
@param face one of: a FaceDetectorYN row (1x15: x, y, w, h, five points x,y, score) or an Aligner row (1x16: the same
and the yaw), of which the points count; 5x2 landmarks (right eye, left eye, nose tip, right and left mouth corner;
"right" is the subject's right, so it lies on the image's left); a box (1x4 or 4x1: x, y, w, h), for which the points
are taken where they lie on average in a detector's box. float, double or int.
@param dst SxS BGR, 8-bit. What lies outside the picture is the picture mirrored at its border and blurred, so that it
is neither streaks nor a second face.
@param alignment see there.
@throws cv::Exception for an empty picture, another depth, NaNs, a face of zero size or of another shape. */
CV_EXPORTS_W void alignCrop(InputArray src, InputArray face, OutputArray dst, const Alignment& alignment);

/** @brief The yaw of an Aligner row, which has one; else an estimate from five landmarks.

The estimate goes by the nose tip's place beside the line that joins the eyes' and the mouth's midpoints, in units of
their distance; a fit over labelled faces, not a measurement: a few degrees off near the front, more beyond 45.
@param face an Aligner row (1x16), a FaceDetectorYN row (1x15) or 5x2 landmarks. A plain box has no yaw: an error.
@return degrees in [-90, 90]. */
CV_EXPORTS_W float estimateYaw(InputArray face);

/** @brief A folder of models that belong together, and what its manifest says of them. */
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
    /** cosine at or above which two embeddings are rather one person's than two people's, where the one is as likely as
    the other: for comparing two pictures. Not for a name among many, see naming() */
    CV_PROP_RW float matchThreshold;
    /** measured on pictures of many people whom the encoder has not seen; empty: the manifest has none */
    CV_PROP_RW Thresholds thresholds;

    /** @brief The rule by which people of a gallery are named, for Gallery::identify. */
    CV_WRAP NamingRule naming() const;

    /** @brief Reads the manifest of a bundle and checks that its files are there.
    @param folder the bundle; empty: the folder named by the environment variable DRGAN_BUNDLE, else the default bundle
    where it was installed.
    @throws cv::Exception naming the file and the key that is missing or wrong. */
    CV_WRAP static Bundle load(const String& folder = String());
};

/** @brief Turns aligned faces into pose-invariant embeddings, each with a confidence (the paper's omega).

One object serves one thread at a time; its const functions may be called at any time, from any. For many threads, make
each a clone(). */
class CV_EXPORTS_W Encoder {
public:
    /** How match() compares, as in FaceRecognizerSF. */
    enum DisType {
        FR_COSINE = 0,  //!< cosine similarity in [-1, 1]; higher is more alike
        FR_NORM_L2 = 1  //!< distance of the normalised embeddings in [0, 2]; lower is more alike
    };

    virtual ~Encoder() = default;

    /** @brief drgan::alignCrop with this model's alignment. */
    CV_WRAP virtual void alignCrop(InputArray src, InputArray face, OutputArray dst) const = 0;

    /** @brief Embeds one aligned face.
    @param aligned SxS, 8-bit, 1, 3 (BGR) or 4 (BGRA) channels.
    @param embedding 1xNf CV_32F, not normalised: fusion (eq. 9 of the paper) works on it as it is.
    @param confidence in (0, 1): how much this picture should weigh among others of the same person. */
    CV_WRAP virtual void feature(InputArray aligned, OutputArray embedding, CV_OUT float& confidence) = 0;

    /** @brief Embeds n aligned faces in one forward pass.
    @param embeddings n x Nf CV_32F.
    @param confidences n x 1 CV_32F. */
    CV_WRAP virtual void features(InputArrayOfArrays aligned, OutputArray embeddings, OutputArray confidences) = 0;

    /** @brief Compares two embeddings (1xNf or Nf x1, CV_32F), which stay as they are. */
    CV_WRAP virtual double match(InputArray a, InputArray b, int disType = Encoder::FR_COSINE) const = 0;

    CV_WRAP virtual int embeddingSize() const = 0;    //!< Nf
    CV_WRAP virtual Alignment alignment() const = 0;  //!< alignment().size is S
    CV_WRAP virtual String bundleId() const = 0;      //!< identifies the embedding space: see Bundle::id

    /** @brief Another encoder of the same model, for another thread. Cheaper than create(): nothing is read, checked or
    tried out again, and the file's bytes are shared. Weights and working memory are its own: cv::dnn cannot share
    them. */
    CV_WRAP virtual Ptr<Encoder> clone() const = 0;

    /** @param model path of encoder.onnx
    @param backendId, targetId as in cv::dnn::Net::setPreferableBackend / setPreferableTarget
    @throws cv::Exception if the file cannot be read or breaks the model contract (drgan/model_contract.hpp). */
    CV_WRAP static Ptr<Encoder> create(const String& model, int backendId = 0, int targetId = 0);
    /** @param model the bytes of encoder.onnx */
    static Ptr<Encoder> create(const std::vector<uchar>& model, int backendId = 0, int targetId = 0);
};

/** @brief Draws the face that an embedding stands for, at any of the model's yaws.

One object serves one thread at a time; its const functions may be called at any time, from any. */
class CV_EXPORTS_W Decoder {
public:
    virtual ~Decoder() = default;

    /** @brief The face at a yaw.
    @param embedding 1xNf or Nf x1, CV_32F: one picture's or a fused one.
    @param yawDegrees the nearest of poses() is drawn; beyond the outermost by more than half a step is an error.
    @param face SxS BGR, 8-bit.
    @param noise Nz values in [-1, 1] (CV_32F): what the embedding does not fix; empty: zeros. */
    CV_WRAP virtual void rotate(InputArray embedding, float yawDegrees, OutputArray face,
                                InputArray noise = noArray()) = 0;

    /** @brief rotate() to yaw 0. */
    CV_WRAP virtual void frontalize(InputArray embedding, OutputArray face) = 0;

    CV_WRAP virtual std::vector<float> poses() const = 0;  //!< yaws that the model draws, degrees, ascending
    CV_WRAP virtual int embeddingSize() const = 0;         //!< Nf
    CV_WRAP virtual int noiseSize() const = 0;             //!< Nz
    CV_WRAP virtual int imageSize() const = 0;             //!< S
    CV_WRAP virtual String bundleId() const = 0;           //!< of the encoder that it belongs to: see Bundle::id

    /** @brief Another decoder of the same model, for another thread: see Encoder::clone. */
    CV_WRAP virtual Ptr<Decoder> clone() const = 0;

    /** @param model path of decoder.onnx
    @param encoder if given, its bundle must be the decoder's: models of different bundles do not mix. */
    CV_WRAP static Ptr<Decoder> create(const String& model, const Ptr<Encoder>& encoder = Ptr<Encoder>(),
                                       int backendId = 0, int targetId = 0);
    static Ptr<Decoder> create(const std::vector<uchar>& model, const Ptr<Encoder>& encoder = Ptr<Encoder>(),
                               int backendId = 0, int targetId = 0);
};

/** @brief Finds the landmarks, the yaw and the face score of faces whose boxes are known: from any detector, drawn by
hand, or the face's place in the frame before.

One object serves one thread at a time; its const functions may be called at any time, from any. */
class CV_EXPORTS_W Aligner {
public:
    virtual ~Aligner() = default;

    /** @brief Looks at a turned square around each box and tells what face is there.

    @param image 8-bit picture of any size with 1 (grey), 3 (BGR) or 4 (BGRA) channels. Beyond its border the network
    sees what alignCrop shows there.
    @param boxes one face per row, in pixels of `image`; float, double or int. n x 4 (x, y, w, h); or n x 15 or n x 16,
    rows as of FaceDetectorYN or of this function: then their landmarks say where to look, and how far the face is
    turned in the picture's plane (its roll). A box counts as the square of its larger side around its middle. Also a
    vector of cv::Rect. Any empty matrix stands for no box.
    @param faces n x 16 CV_32F, row i for box i: x, y, w, h; five points x,y (right eye, left eye, nose tip, right and
    left mouth corner, "right" being the subject's right); score in [0, 1]: how sure it is that this is a face; yaw in
    degrees, [-90, 90]. In pixels of `image`; without a box, an empty matrix. The box is the upright square in which a
    detector's landmarks would lie so on average: passed to alignCrop only, an upright face gives the crop that its
    landmarks give. May be `boxes`.

    A row of score 0 is no face: its box does not touch the picture, or what the network gave is no number or no face
    (points further outside of the crop than its side, or less than half a pixel from eyes to mouth). It has the points
    where they lie on average in the box that was looked at, and yaw 0. A row of a score above 0 can be passed on to
    align(), alignCrop() and estimateYaw().
    @param passes 1; 2: look again at the faces found, levelled, which is to pass `faces` to this function once more:
    better where the boxes are off or the heads tilted; 3: this second look sees each crop and its mirror image, and the
    mean of both counts: the best landmarks, most of all on frontal faces. Time grows with the number.
    @throws cv::Exception naming the row and the value for NaN, infinity, coordinates beyond a million, w or h below 1,
    landmarks with less than half a pixel from eyes to mouth; and for another shape or type. */
    CV_WRAP virtual void align(InputArray image, InputArray boxes, OutputArray faces, int passes = 1) = 0;

    CV_WRAP virtual int imageSize() const = 0;     //!< S, pixels: side of the square that the network sees
    CV_WRAP virtual float cropFactor() const = 0;  //!< that square's side in units of the box's larger side
    CV_WRAP virtual String bundleId() const = 0;   //!< of the encoder that it belongs to: see Bundle::id

    /** @brief Another aligner of the same model, for another thread: see Encoder::clone. */
    CV_WRAP virtual Ptr<Aligner> clone() const = 0;

    /** @param model path of aligner.onnx
    @param encoder if given, its bundle must be the aligner's: models of different bundles do not mix.
    @param backendId, targetId as in cv::dnn::Net::setPreferableBackend / setPreferableTarget
    @throws cv::Exception if the file cannot be read or breaks the model contract (drgan/model_contract.hpp). */
    CV_WRAP static Ptr<Aligner> create(const String& model, const Ptr<Encoder>& encoder = Ptr<Encoder>(),
                                       int backendId = 0, int targetId = 0);
    /** @param model the bytes of aligner.onnx */
    static Ptr<Aligner> create(const std::vector<uchar>& model, const Ptr<Encoder>& encoder = Ptr<Encoder>(),
                               int backendId = 0, int targetId = 0);
};

/** @brief Finds the faces in a picture: boxes and landmarks, at any yaw, by a network of the bundle's own.

One object serves one thread at a time; its const functions may be called at any time, from any. */
class CV_EXPORTS_W Detector {
public:
    virtual ~Detector() = default;

    /** @brief All faces of a picture.

    @param image 8-bit picture of any size with 1 (grey), 3 (BGR) or 4 (BGRA) channels. One whose longer side is above
    getMaxSide() is looked at reduced to it. Where that is larger than imageSize(), it is looked at once more at half
    the size, and so on, for faces that are too large for the network: a third more work at most.
    @param faces n x 15 CV_32F, rows as of FaceDetectorYN: x, y, w, h; five points x,y (right eye, left eye, nose tip,
    right and left mouth corner, "right" being the subject's right); score in [0, 1]. In pixels of `image`; best first.
    Boxes and points may reach beyond the picture. Without a face: an empty matrix. */
    CV_WRAP virtual void detect(InputArray image, OutputArray faces) = 0;

    /** @brief Least score of a face, in [0, 1]; initially 0.45, at which an Aligner should confirm detections. */
    CV_WRAP virtual void setScoreThreshold(float scoreThreshold) = 0;
    CV_WRAP virtual float getScoreThreshold() const = 0;
    /** @brief Of boxes that overlap by more than this (intersection over union, in [0, 1]) the best is kept;
    initially 0.3. */
    CV_WRAP virtual void setNMSThreshold(float nmsThreshold) = 0;
    CV_WRAP virtual float getNMSThreshold() const = 0;
    /** @brief Number of best-scored boxes that are kept before non-maximum suppression, at least 1; initially 1000. */
    CV_WRAP virtual void setTopK(int topK) = 0;
    CV_WRAP virtual int getTopK() const = 0;
    /** @brief Images are scaled down so that their longer side is at most this, 32 to 8192 pixels; initially 640. Time
    grows with its square. A smaller value misses small faces: in a picture scaled down, they have fewer pixels. */
    CV_WRAP virtual void setMaxSide(int pixels) = 0;
    CV_WRAP virtual int getMaxSide() const = 0;

    CV_WRAP virtual int imageSize() const = 0;    //!< S: side of the largest face, pixels, that the network knows
    CV_WRAP virtual String bundleId() const = 0;  //!< of the encoder that it belongs to: see Bundle::id

    /** @brief Another detector of the same model and settings, for another thread: see Encoder::clone. */
    CV_WRAP virtual Ptr<Detector> clone() const = 0;

    /** @param model path of detector.onnx
    @param encoder if given, its bundle must be the detector's: models of different bundles do not mix.
    @param backendId, targetId as in cv::dnn::Net::setPreferableBackend / setPreferableTarget
    @throws cv::Exception if the file cannot be read or breaks the model contract (drgan/model_contract.hpp). */
    CV_WRAP static Ptr<Detector> create(const String& model, const Ptr<Encoder>& encoder = Ptr<Encoder>(),
                                        int backendId = 0, int targetId = 0);
    /** @param model the bytes of detector.onnx */
    static Ptr<Detector> create(const std::vector<uchar>& model, const Ptr<Encoder>& encoder = Ptr<Encoder>(),
                                int backendId = 0, int targetId = 0);
};

/** @brief Finds faces and their landmarks: with a bundle's Detector, whose detections its Aligner confirms, or
with YuNet (cv::FaceDetectorYN) where its model is given.

One object serves one thread at a time; its const functions may be called at any time, from any. */
class CV_EXPORTS_W FaceFinder {
public:
    virtual ~FaceFinder() = default;

    /** @brief All faces of a picture.
    @param image 8-bit picture with 1 (grey), 3 (BGR) or 4 (BGRA) channels.
    @param faces n x 15 CV_32F, rows as of FaceDetectorYN (x, y, w, h, five points x,y, score in [0, 1]), in pixels of
    `image`; best first, no two on one face. Without a face: an empty matrix.
    @param minFace faces whose larger side is below this many pixels do not count. */
    CV_WRAP virtual void find(InputArray image, OutputArray faces, float minFace = 0) = 0;

    /** @brief The face that a still picture of any size is about: large and near the middle.

    Looks at several scales, and again where the landmarks are best (YuNet: a face of about 110 pixels).
    @param image as above.
    @param face 1x15 as above, in pixels of `image`; empty if there is none.
    @return whether there is one. */
    CV_WRAP bool findMain(InputArray image, OutputArray face);

    CV_WRAP virtual int workingSide() const = 0;         //!< longer side, pixels, that `image` should have at most
    CV_WRAP virtual float sureScore() const = 0;         //!< from this score on, one sighting is enough
    CV_WRAP virtual bool measuresLandmarks() const = 0;  //!< false: the points are rough

    /** @brief Another finder of the same models, for another thread: see Encoder::clone. One with YuNet reads the file
    again, which must still be there. */
    CV_WRAP virtual Ptr<FaceFinder> clone() const = 0;

    /** @param model YuNet's file (of 2022 for OpenCV up to 4.7, of 2023 from 4.8 on: another is an error); empty: the
    networks of a bundle.
    @param bundle its folder, as of Bundle::load; not looked at where a model is given.
    @param backendId, targetId as in cv::dnn::Net::setPreferableBackend / setPreferableTarget
    @throws cv::Exception naming the file that is missing or cannot be used. */
    CV_WRAP static Ptr<FaceFinder> create(const String& model = String(), const String& bundle = String(),
                                          int backendId = 0, int targetId = 0);
    /** @param detector finds the faces
    @param aligner of the same bundle. Without it detections are not confirmed, and the points are rough. */
    static Ptr<FaceFinder> createFromModels(const Ptr<Detector>& detector,
                                            const Ptr<Aligner>& aligner = Ptr<Aligner>());
};

/** @brief Fuses n embeddings of one person by confidence: sum(w f) / sum(w) (eq. 9 of the paper).
@param embeddings n x Nf CV_32F, n >= 1
@param confidences n values (CV_32F), finite and >= 0. If all are (nearly) zero, the plain mean.
@param fused 1xNf CV_32F */
CV_EXPORTS_W void fuse(InputArray embeddings, InputArray confidences, OutputArray fused);

/** @brief A person's running fused embedding: fuse() over all that was added, in constant memory. */
class CV_EXPORTS_W_SIMPLE Template {
public:
    CV_WRAP Template() = default;
    /** @brief Adds one embedding (1xNf or Nf x1, CV_32F, finite) with its confidence (finite, >= 0). */
    CV_WRAP void add(InputArray embedding, float confidence);
    /** @brief The fused embedding, 1xNf CV_32F, the caller's own. An empty template is an error. */
    CV_WRAP void fused(OutputArray embedding) const;
    CV_WRAP int size() const;                //!< embeddings added
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
