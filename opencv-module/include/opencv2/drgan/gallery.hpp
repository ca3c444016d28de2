// SPDX-License-Identifier: Apache-2.0
#ifndef OPENCV_DRGAN_GALLERY_HPP
#define OPENCV_DRGAN_GALLERY_HPP

#include "../drgan.hpp"

namespace cv {
namespace drgan {

//! @addtogroup drgan
//! @{

/** @brief Named people, each a fused embedding, and the search among them (1:N).

The class is thread-safe: all functions may be called on one object from several threads at the same time. Searches run
in parallel; add() and remove() wait for running searches; save() blocks nobody and writes the state as of its call.

A person takes 4 Nf + about 150 bytes, however many pictures are fused; a picture that is kept (addPicture()) 4 Nf +
about 430 more, and its name. */
class CV_EXPORTS_W Gallery {
public:
    /** How search() finds the people most alike. */
    enum IndexType {
        INDEX_EXACT = 0,  //!< compares everybody
        INDEX_IVF = 1,    //!< inverted lists: fast to build
        INDEX_HNSW = 2    //!< a graph of neighbours: takes longer to build
    };

    virtual ~Gallery() = default;

    /** @brief Fuses an embedding into a person's, as Template does; the person is made where there is none.
    @param name UTF-8, 1 to 1024 bytes; neither control characters nor zero bytes.
    @param embedding 1xNf or Nf x1, CV_32F, finite and not all zeros, as of Encoder::feature; of a norm of 1e-15 to
    1e15.
    @param confidence finite, >= 0.
    @throws cv::Exception for anything else, and if the two would cancel each other out; then nothing has changed. */
    CV_WRAP virtual void add(const String& name, InputArray embedding, float confidence) = 0;

    /** @brief Adds a person as another gallery has it: `images` pictures that were fused into `embedding`, whose
    confidences sum up to `totalConfidence` (finite, >= 0). Where the person is there already, the two are fused.
    @throws cv::Exception as add() does, and if the sums overflow. */
    CV_WRAP virtual void addFused(const String& name, InputArray embedding, double totalConfidence, int images) = 0;

    /** @brief The same, and keeps what was added under a name of its own, so that it can be taken out again.
    @param images 1; more where the "picture" is a video
    @param picture its name, say the file's: as names of people are, and another for each of a person's
    @throws cv::Exception as addFused() does, and if the person has a picture of that name */
    CV_WRAP virtual void addPicture(const String& name, InputArray embedding, double totalConfidence, int images,
                                    const String& picture) = 0;
    /** @brief The pictures that are kept of a person, in the order in which they came.
    @throws cv::Exception if there is no such person */
    CV_WRAP virtual std::vector<String> pictures(const String& name) const = 0;
    /** @brief What is known of one of them, as of person(). @throws cv::Exception if there is none of that name */
    CV_WRAP virtual void picture(const String& name, const String& picture, OutputArray embedding,
                                 CV_OUT double& totalConfidence, CV_OUT int& images) const = 0;
    /** @brief Takes a picture out of a person, who is then as if it had never been in, to the last bit; with the last
    picture the person goes.
    @return whether there was such a picture
    @throws cv::Exception if there is no such person, or not all that was fused into the person was kept */
    CV_WRAP virtual bool removePicture(const String& name, const String& picture) = 0;

    /** @brief Gives a person another name. @throws cv::Exception if there is no such person, or `to` is a person's */
    CV_WRAP virtual void rename(const String& name, const String& to) = 0;

    /** @return whether there was such a person */
    CV_WRAP virtual bool remove(const String& name) = 0;

    CV_WRAP virtual bool contains(const String& name) const = 0;
    CV_WRAP virtual std::vector<String> names() const = 0;  //!< ascending by their bytes
    CV_WRAP virtual int size() const = 0;                   //!< people

    /** @brief What is known of a person. @throws cv::Exception if there is none of that name
    @param embedding fused, 1xNf CV_32F, the caller's own
    @param totalConfidence sum of the confidences
    @param images pictures fused */
    CV_WRAP virtual void person(const String& name, OutputArray embedding, CV_OUT double& totalConfidence,
                                CV_OUT int& images) const = 0;

    /** @brief The k people most alike, for each of n embeddings.
    @param embeddings n x Nf CV_32F (1xNf or Nf x1: one), finite and no row all zeros; not changed
    @param k at least 1; where there are fewer people, all of them
    @param names n x min(k, size()), row after row, the most alike first
    @param similarities n x min(k, size()) CV_32F: cosines in [-1, 1]. Of equals the first by name comes first. In an
    empty gallery: no names and an empty matrix. May be `embeddings`.

    Exact: the cosines are those of a sum in double, rounded to float, whatever else is in the batch. With an index
    (buildIndex()) they still are, but of the k people some may be missing, for whom less alike ones stand in; a k above
    1000 is searched without the index. */
    CV_WRAP virtual void search(InputArray embeddings, int k, CV_OUT std::vector<String>& names,
                                OutputArray similarities) const = 0;

    /** @brief Who it is: the person most alike, or nobody.

    The person is named whose similarity is at least namingThreshold() for this embedding and theirs, and above the
    second best's by at least the rule's margin: who is like two of the gallery is not named.
    @param embedding 1xNf or Nf x1, as of search(): of one picture, or a fused one
    @param images pictures that are fused in it
    @throws cv::Exception as search() and namingThreshold() do */
    CV_WRAP virtual Identification identify(InputArray embedding, const NamingRule& rule, int images = 1) const = 0;

    /** @brief The cosine from which on identify() believes a match: rule.threshold if it is above -1; else by the
    stranger rate and size(), as thresholds() or else the rule's say (Thresholds::naming()); without any of them
    rule.matchThreshold.

    Embeddings that are fused of more pictures are more alike, those of strangers, too. So a threshold that was measured
    on single pictures grows with the numbers of pictures on both sides, to 1.13 times at most: docs/gallery.md.
    @param images, personImages pictures fused in the embedding that is to be named, and in the person's, at least 1
    @throws cv::Exception naming the value that is out of its range */
    CV_WRAP virtual double namingThreshold(const NamingRule& rule, int images = 1, int personImages = 1) const = 0;

    /** @brief Makes an index of who is in the gallery now, so that search() need not compare everybody: for 100,000
    people and more. It may be made of fewer, who are as well searched without. Takes minutes for a million people;
    meanwhile others search, add and remove. Two that build take turns.

    Who is added or changed afterwards is compared as without an index; so build again when outsideIndex() is a few
    percent of size(). A removed person is never found again, but the old index keeps a shortened embedding of them in
    memory until the next buildIndex(). The index is not saved: build it after load().
    @param type a Gallery::IndexType; INDEX_EXACT drops the index.
    @throws cv::Exception for another type; StsNotImplemented if this OpenCV module was built without Faiss, or for
    embeddings of more than 2048 values. Then the index is what it was. */
    CV_WRAP virtual void buildIndex(int type) = 0;
    CV_WRAP virtual int indexType() const = 0;     //!< the Gallery::IndexType that search() uses
    CV_WRAP virtual int outsideIndex() const = 0;  //!< people added or changed since it was built; without one: 0

    /** @brief How much of an index search() visits: initially 1. Twice the effort takes about twice the time and misses
    fewer people; docs/gallery.md has figures. @param effort 0.01 to 1000 */
    CV_WRAP virtual void setSearchEffort(double effort) = 0;
    CV_WRAP virtual double searchEffort() const = 0;
    /** @return whether buildIndex() can make more than INDEX_EXACT: the module was built with Faiss. */
    CV_WRAP static bool hasIndexes();

    /** @brief How alike different people are here, measured on this gallery (drgan-gallery calibrate) and saved with
    it; identify() goes by it and not by what the bundle says. @param thresholds none: there is no such measurement any
    more
    @throws cv::Exception if the values break the rules of Thresholds */
    CV_WRAP virtual void setThresholds(const Thresholds& thresholds) = 0;
    CV_WRAP virtual Thresholds thresholds() const = 0;  //!< those; empty if there are none

    /** @brief Writes the gallery to a file, whole or not at all: whatever happens, there is the old file or the new
    one. A new file is readable by its owner only (0600): embeddings are biometric data. An existing file keeps its
    permissions. A symbolic link stays, and what it names is written. The format: docs/gallery.md.
    @throws cv::Exception naming the file and why it cannot be written */
    CV_WRAP virtual void save(const String& path) const = 0;

    CV_WRAP virtual int embeddingSize() const = 0;  //!< Nf
    CV_WRAP virtual String bundleId() const = 0;    //!< identifies the embedding space: see Bundle::id

    /** @brief An empty gallery for what this encoder makes. */
    CV_WRAP static Ptr<Gallery> create(const Ptr<Encoder>& encoder);
    /** @brief The same without an encoder. @param embeddingSize Nf, 1 to 65536 @param bundleId not empty */
    CV_WRAP static Ptr<Gallery> createEmpty(int embeddingSize, const String& bundleId);

    /** @brief Reads what save() wrote.
    @param encoder if given, the gallery must be of its bundle: embeddings of different models do not compare.
    @throws cv::Exception naming the file, what was found there and what was expected. */
    CV_WRAP static Ptr<Gallery> load(const String& path, const Ptr<Encoder>& encoder = Ptr<Encoder>());
};

//! @}

}  // namespace drgan
}  // namespace cv

#endif
