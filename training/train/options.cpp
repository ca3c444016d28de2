// SPDX-License-Identifier: Apache-2.0
#include "train/options.hpp"

// No torch here: its operator<< for vectors would change how CLI11 writes --poses into a config.

#include <CLI/CLI.hpp>
#include <array>
#include <iostream>

namespace drgan::train {

namespace {

std::string existsOrEmpty(const std::string& path) {  // empty is what a run's own config says where nothing was given
    return path.empty() ? std::string() : CLI::ExistingFile(path);
}

std::string isFolderOrEmpty(const std::string& path) {
    return path.empty() ? std::string() : CLI::ExistingDirectory(path);
}

void addRun(CLI::App& app, RunOptions& o) {
    o.precision = o.memoryFormat = "auto";
    app.add_option("--faces", o.faces, "prepared set (drgan-data)")->required()->check(CLI::ExistingFile);
    app.add_option("--run", o.run, "folder for checkpoints, metrics.csv, grids and config.toml")->required();
    app.add_option("--start", o.start, "checkpoint whose (averaged) networks to start from")->check(existsOrEmpty);
    app.add_flag("--resume", o.resume, "go on where the run in --run stopped");
    app.add_option("--steps", o.steps, "steps in all; the rate falls to 0 over them")->check(CLI::PositiveNumber);
    app.add_option("--rate", o.learningRate, "learning rate at its highest");
    app.add_option("--warmup", o.warmup, "steps over which the rate rises");
    app.add_option("--weight-decay", o.weightDecay, "AdamW's");
    app.add_option("--averaging", o.averaging, "decay of the weights' moving average, which is what is exported");
    app.add_option("--checkpoint-every", o.checkpointEvery,
                   "steps between checkpoints; 0: at the end only. A run that is killed loses the steps since the last")
        ->check(CLI::NonNegativeNumber);
    app.add_option("--keep", o.keep,
                   "numbered checkpoints to keep (step-000250.safetensors), the highest ones, beside "
                   "last.safetensors and best.safetensors")
        ->check(CLI::NonNegativeNumber);
    app.add_option("--evaluate-every", o.evaluateEvery, "steps between evaluations and grids")
        ->check(CLI::PositiveNumber);
    app.add_option("--log-every", o.logEvery, "steps between progress lines")->check(CLI::PositiveNumber);
    app.add_option("--threads", o.threads, "CPU threads for the networks")->check(CLI::PositiveNumber);
    app.add_option("--device", o.device, "cpu or cuda")->check(CLI::IsMember({"cpu", "cuda"}));
    app.add_option("--precision", o.precision,
                   "float32, or bf16: convolutions in half precision; auto: what is faster, measured on a few steps of "
                   "the run's network (on cuda: float32); a resumed run keeps what it had")
        ->check(CLI::IsMember({"auto", "float32", "bf16"}));
    app.add_option("--memory-format", o.memoryFormat,
                   "how maps lie in memory: channels-last, or planes (PyTorch's contiguous); auto, as with --precision")
        ->check(CLI::IsMember({"auto", "channels-last", "planes"}));
}

void addSampling(CLI::App& app, SamplingOptions& o) {
    const char* group = "Pictures";
    app.add_option("--turned-share", o.turnedShare, "share of turned pictures")
        ->check(CLI::Range(0., 1.))
        ->group(group);
    app.add_option("--light", o.augmentation.light, "gain within 1 +- this")->group(group);
    app.add_option("--grey", o.augmentation.grey, "share of pictures without colour")->group(group);
    app.add_option("--occlusion", o.augmentation.occlusion, "share of pictures of which a rectangle is hidden")
        ->check(CLI::Range(0., 1.))
        ->group(group);
    app.add_option("--low-resolution", o.augmentation.lowResolution, "share of pictures made small and large again")
        ->group(group);
    app.add_option("--blur", o.augmentation.blur, "share of pictures that are blurred")
        ->check(CLI::Range(0., 1.))
        ->group(group);
    app.add_option("--noise", o.augmentation.noise, "share of pictures with noise")
        ->check(CLI::Range(0., 1.))
        ->group(group);
    app.add_option("--seed", o.seed, "of everything random")->group(group);
    app.add_option("--loader-threads", o.threads, "batches decoded ahead")->check(CLI::PositiveNumber)->group(group);
}

/// Of encoder and decoder only: aligner and detector place their crops and faces themselves.
void addBatches(CLI::App& app, BatchOptions& b) {
    const char* group = "Pictures";
    app.add_option("--persons", b.persons, "P; P x n pictures make a batch")->check(CLI::PositiveNumber)->group(group);
    app.add_option("--pictures", b.pictures,
                   "pictures of a person in a batch: n is drawn from 1 to this; 1: single-image")
        ->check(CLI::PositiveNumber)
        ->group(group);
    app.add_option("--profile-share", b.profileShare, "share of persons that have real profiles")
        ->check(CLI::Range(0., 1.))
        ->group(group);
    app.add_option("--shift", b.augmentation.shift, "pixels, at most")->group(group);
    app.add_option("--rotation", b.augmentation.rotation, "degrees, at most")->group(group);
    app.add_option("--zoom", b.augmentation.zoom, "scale within 1 +- this")->group(group);
}

void addEncoder(CLI::App& app, DrGanOptions& o) {
    const char* group = "Encoder (one that --start brings stays as it is)";
    app.add_option("--encoder", o.encoder, "casia (the paper's), or onnx:FILE, a recogniser to start from")
        ->group(group);
    app.add_option("--encoder-width", o.encoderWidth, "channels of casia's layers, times this")->group(group);
    app.add_option("--embedding-size", o.embeddingSize, "Nf of casia")->group(group);
    app.add_option("--onnx-order", o.onnxOrder, "channel order that the recogniser wants: RGB or BGR")->group(group);
    app.add_option("--onnx-mean", o.onnxMean, "it wants (pixel - mean) / scale: one or three means, pixels in 0..255")
        ->group(group);
    app.add_option("--onnx-scale", o.onnxScale, "one or three scales")->group(group);
    app.add_option("--blend", o.blend,
                   "with --start: move its encoder towards that of a checkpoint, or towards onnx:FILE, the recogniser "
                   "that it came from; what was forgotten on frontal faces comes back")
        ->group(group);
    app.add_option("--blend-share", o.blendShare, "by this share of the way")->check(CLI::Range(0., 1.))->group(group);
}

void addDecoder(CLI::App& app, DrGanOptions& o) {
    const char* group = "Decoder and discriminator (those that --start brings stay as they are)";
    app.add_option("--decoder", o.decoder,
                   "casia (the paper's), basis (learned whole pictures, then details; learns faster), or a checkpoint "
                   "to take one from")
        ->check(CLI::IsMember({"casia", "basis"}) | CLI::ExistingFile)
        ->group(group);
    app.add_option("--decoder-width", o.decoderWidth, "channels of the decoder's layers, times this")->group(group);
    app.add_option("--decoder-fc-channels", o.decoderFcChannels, "channels of its first map; 0: as its width says")
        ->group(group);
    app.add_option("--noise-size", o.noiseSize, "Nz")->group(group);
    app.add_option("--upsampling", o.upsampling, "resize (resize + convolution) or fconv (the paper's)")
        ->check(CLI::IsMember({"resize", "fconv"}))
        ->group(group);
    app.add_option("--discriminator-width", o.discriminatorWidth, "channels of the discriminator, times this")
        ->group(group);
    app.add_option("--discriminator-form", o.discriminatorForm,
                   "cvpr (Nd+1 identities), tpami (three heads) or patch (texture)")
        ->check(CLI::IsMember({"cvpr", "tpami", "patch"}))
        ->group(group);
    app.add_flag("--discriminator-grey", o.discriminatorGrey,
                 "the discriminator sees no colours: it sharpens what is drawn, and the colours are those of the "
                 "reconstruction")
        ->group(group);
    app.add_option("--discriminator-rate", o.discriminatorRate, "learning rate of the discriminator")->group(group);
    app.add_option("--strong-discriminator", o.strongDiscriminator,
                   "a discriminator that recognises this share of generated faces is strong")
        ->group(group);
    app.add_option("--generator-steps", o.generatorSteps, "steps of the generator for one of a strong discriminator")
        ->check(CLI::PositiveNumber)
        ->group(group);
    app.add_option("--targets", o.batch.targets, "target poses drawn for each embedding")
        ->check(CLI::PositiveNumber)
        ->group(group);
    app.add_option("--poses", o.batch.poseYaws, "yaws of the pose codes, degrees, ascending")
        ->group(group)
        ->delimiter(',');
}

void addStoredEmbeddings(CLI::App& app, DrGanOptions& o) {
    const char* group = "Fast start of a decoder";
    app.add_option("--target-side", o.batch.targetSide,
                   "train at this resolution only (basis: S/2, fast, initially); 0: S")
        ->group(group);
    app.add_option("--stored-embeddings", o.storedEmbeddings,
                   "file of embeddings to draw inputs from; made, once, where it is missing. Without it, the encoder "
                   "runs at every step")
        ->group(group);
    app.add_option("--stored-per-person", o.storedPerPerson, "pictures of each person that go into --stored-embeddings")
        ->check(CLI::PositiveNumber)
        ->group(group);
}

void addEncoderLosses(CLI::App& app, DrGanOptions& o) {
    const char* group = "Losses (weights; 0 switches one off)";
    app.add_option("--template-weight", o.templateWeight, "1 - cosine to the person's frontal template")->group(group);
    app.add_option("--margin-weight", o.marginWeight, "margin softmax over all templates")->group(group);
    app.add_option("--margin-scale", o.marginScale, "its scale")->group(group);
    app.add_option("--margin", o.margin, "its margin")->group(group);
    app.add_option("--pair-weight", o.pairWeight,
                   "softmax over the batch's persons: fused pictures of one against other fused pictures of the same")
        ->group(group);
    app.add_option("--mirror-weight", o.mirrorWeight, "1 - cosine to the embedding of the mirror image")->group(group);
    app.add_option("--hold-weight", o.holdWeight, "near-frontal pictures keep the teacher's own embedding")
        ->group(group);
    app.add_option("--source-weight", o.sourceWeight,
                   "turned pictures get the teacher's embedding of the picture that they were turned from")
        ->group(group);
    app.add_option("--hold-yaw", o.holdYaw, "degrees: what is near-frontal")->group(group);
    app.add_option("--frozen-layers", o.frozenLayers,
                   "leave this many of the encoder's first layers as they are, statistics of normalisations too");
}

void addDecoderLosses(CLI::App& app, DrGanOptions& o) {
    const char* group = "Losses (weights; 0 switches one off)";
    app.add_option("--reconstruction-weight", o.reconstructionWeight, "L1 to the true picture at the target pose")
        ->group(group);
    app.add_option("--identity-weight", o.identityWeight,
                   "1 - cosine of the generated face's embedding to the one that it was generated from")
        ->group(group);
    app.add_option("--perceptual-weight", o.perceptualWeight,
                   "difference of the generated and the true face in the encoder's maps")
        ->group(group);
    app.add_flag("--judge-grey", o.judgeGrey, "the two terms above see no colours, as with --discriminator-grey")
        ->group(group);
    app.add_option("--adversarial-weight", o.adversarialWeight, "the paper's generator loss")->group(group);
}

void addAligner(CLI::App& app, AlignerOptions& o) {
    const char* group = "Aligner";
    CropOptions& c = o.crops;
    app.add_option("--aligner-width", o.alignerWidth, "channels of the aligner's layers, times this")
        ->check(CLI::PositiveNumber)
        ->group(group);
    app.add_option("--widen-aligner", o.widenAligner,
                   "with --start: start with its aligner widened to this width, what it knows in the first channels; "
                   "0: as it is")
        ->check(CLI::NonNegativeNumber)
        ->group(group);
    app.add_option("--crops", c.count, "crops in a batch")->check(CLI::PositiveNumber)->group(group);
    app.add_option("--missed-share", c.missedShare, "share of crops that miss their face")
        ->check(CLI::Range(0., 1.))
        ->group(group);
    app.add_option("--box-shift", c.shift, "of the box's side, at most")->check(CLI::Range(0., 0.5))->group(group);
    app.add_option("--box-smallest", c.smallest, "size of a box, times its face's, at least")
        ->check(CLI::Range(0.5, 2.))
        ->group(group);
    app.add_option("--box-largest", c.largest, "and at most")->check(CLI::Range(0.5, 2.))->group(group);
    app.add_option("--yaw-weight", o.yawWeight, "smooth L1 of the yaw")->group(group);
    app.add_option("--hard-negatives", o.hardNegatives,
                   "the detector's checkpoint: where it found faces in --backgrounds, the aligner learns to see none")
        ->group(group);
}

void addSmallNetwork(CLI::App& app, SmallNetworkOptions& o, double& roll) {
    const char* group = "Photographs and losses";
    app.add_option("--backgrounds", o.backgrounds,
                   "folder of photographs without faces: the detector has faces put into them, the aligner (if given) "
                   "learns what is no face")
        ->check(isFolderOrEmpty)
        ->group(group);
    app.add_option("--validation-backgrounds", o.validationBackgrounds,
                   "folder of other ones to validate on; without it, the same ones (aligner: none)")
        ->check(isFolderOrEmpty)
        ->group(group);
    app.add_option("--roll", roll, "degrees, at most")->check(CLI::Range(0., 90.))->group(group);
    app.add_option("--landmark-weight", o.landmarkWeight, "wing loss of the landmarks")->group(group);
    app.add_option("--score-weight", o.scoreWeight, "cross entropy of the face score")->group(group);
}

void addDetector(CLI::App& app, DetectorOptions& o) {
    const char* group = "Detector";
    SceneOptions& s = o.scenes;
    app.add_option("--detector-width", o.detectorWidth, "channels of the detector's layers, times this")
        ->check(CLI::PositiveNumber)
        ->group(group);
    app.add_option("--scenes", s.count, "pictures in a batch")->check(CLI::PositiveNumber)->group(group);
    app.add_option("--scene-side", s.side, "pixels of a picture, a multiple of 32")
        ->check(CLI::PositiveNumber)
        ->group(group);
    app.add_option("--smallest-face", s.smallest, "side of a face's box, pixels, at least")
        ->check(CLI::PositiveNumber)
        ->group(group);
    app.add_option("--most-faces", s.mostFaces, "in a picture")->check(CLI::PositiveNumber)->group(group);
    const std::pair<const char*, std::pair<double*, const char*>> shares[] = {
        {"--empty-share", {&s.emptyShare, "share of pictures without a face"}},
        {"--own-share", {&s.ownShare, "share of pictures of one face before what it was photographed before"}},
        {"--decoy-share", {&s.decoyShare, "share of pictures with pieces of backgrounds put in as faces are"}},
        {"--cut-share", {&s.cutShare, "share of faces that the border may cut off"}},
        {"--hard-negative-share",
         {&s.hardNegativeShare, "share of backgrounds where a face was detected and there is none"}}};
    for (const auto& [name, share] : shares) {
        app.add_option(name, *share.first, share.second)->check(CLI::Range(0., 1.))->group(group);
    }
    app.add_option("--box-weight", o.boxWeight, "1 - GIoU of the boxes")->group(group);
}

/// A stage's options, where they are read into, and what is wrong with them together.
class StageParser {
public:
    explicit StageParser(const std::string& stage)
        : name_(stage), app_("Trains " + describe(stage) + " on a prepared face set.", "drgan-train " + stage) {
        app_.option_defaults()->always_capture_default();
        app_.allow_config_extras(CLI::config_extras_mode::error);
        app_.set_config("--config", "", "TOML file with any of these options; the command line wins");
        app_.add_flag("--check", check_, "only say whether the options are right; no run")->configurable(false);
        if (stage == "aligner") {
            add(options_.emplace<AlignerOptions>());
        } else if (stage == "detector") {
            add(options_.emplace<DetectorOptions>());
        } else {
            DrGanOptions& o = options_.emplace<DrGanOptions>();
            o.stage = stage == "encoder" ? Stage::Encoder : stage == "decoder" ? Stage::Decoder : Stage::Joint;
            add(o);
        }
    }

    static const std::array<const char*, 5>& stages() {
        static const std::array<const char*, 5> all{"encoder", "decoder", "joint", "aligner", "detector"};
        return all;
    }
    static std::string describe(const std::string& stage) {
        return stage == "encoder"   ? "the encoder"
               : stage == "decoder" ? "the decoder, with the encoder frozen,"
               : stage == "joint"   ? "encoder, decoder and discriminator together"
               : stage == "aligner" ? "the aligner, which locates landmarks in a loose crop,"
                                    : "the detector, which finds faces in pictures,";
    }

    bool has(const std::string& option) const { return app_.get_option_no_throw(option) != nullptr; }

    CommandLine parse(int argc, char** argv) {
        try {
            app_.parse(argc, argv);
            std::visit([this](auto& o) { settle(o); }, options_);
        } catch (const CLI::ExtrasError& e) {
            std::exit(refuse(e));
        } catch (const CLI::ConfigError& e) {
            std::exit(refuse(e));
        } catch (const CLI::ParseError& e) {
            std::exit(app_.exit(e));
        }
        app_.get_option("--resume")->clear();  // the config says what the run is, not whether it goes on
        return {options_, "# drgan-train " + name_ + " --config THIS-FILE\n" + app_.config_to_str(true, true), check_};
    }

private:
    void add(DrGanOptions& o) {
        o.batch.targets = o.stage == Stage::Encoder ? 0 : 1;
        for (int yaw = -90; yaw <= 90; yaw += 15) {
            o.batch.poseYaws.push_back(static_cast<float>(yaw));
        }
        o.adversarialWeight = o.stage == Stage::Joint ? 0.1 : 0;
        addRun(app_, o);
        addEncoder(app_, o);
        if (o.stage != Stage::Encoder) {
            addDecoder(app_, o);
        }
        if (o.stage == Stage::Decoder) {
            addStoredEmbeddings(app_, o);
        }
        addBatches(app_, o.batch);
        addSampling(app_, o.batch);
        if (o.stage != Stage::Decoder) {
            addEncoderLosses(app_, o);
        }
        if (o.stage != Stage::Encoder) {
            addDecoderLosses(app_, o);
        }
        if (o.stage == Stage::Joint) {
            app_.add_option("--encoder-weight", o.encoderWeight, "the encoder's own losses beside the rest")
                ->group("Losses (weights; 0 switches one off)");
        }
        if (o.stage == Stage::Encoder) {
            app_.add_flag("--confidence-only", o.confidenceOnly, "embeddings stay as they are");
        }
    }
    void add(AlignerOptions& o) {
        addRun(app_, o);
        addAligner(app_, o);
        addSmallNetwork(app_, o, o.crops.roll);
        addSampling(app_, o.batch);
    }
    void add(DetectorOptions& o) {
        addRun(app_, o);
        addDetector(app_, o);
        addSmallNetwork(app_, o, o.scenes.roll);
        addSampling(app_, o.batch);
    }

    static void settle(DrGanOptions& o) {
        o.batch.storedPerPerson = o.storedEmbeddings.empty() ? 0 : o.storedPerPerson;
        if (!o.blend.empty() && o.start.empty()) {
            throw CLI::ValidationError("--blend", "is for an encoder that --start brings");
        }
        if (o.confidenceOnly && o.batch.pictures < 2) {
            throw CLI::ValidationError("--confidence-only", "needs --pictures above 1");
        }
    }
    static void settle(AlignerOptions& o) {
        if (!o.hardNegatives.empty() && o.backgrounds.empty()) {
            throw CLI::ValidationError("--hard-negatives", "needs --backgrounds");
        }
        if (o.crops.largest < o.crops.smallest) {
            throw CLI::ValidationError("--box-largest", "is below --box-smallest");
        }
    }
    static void settle(DetectorOptions& o) {
        if (o.backgrounds.empty()) {
            throw CLI::RequiredError("--backgrounds");
        }
    }

    /// One line about an argument that this stage does not have, with the stages that have it.
    std::string unknown(const std::string& option) const {
        std::string others;
        for (const char* stage : stages()) {
            if (StageParser(stage).has(option)) {
                others += (others.empty() ? "" : ", ") + std::string(stage);
            }
        }
        return others.empty() ? option + " is no option of drgan-train " + name_
                              : option + " is an option of " + others + ", not of " + name_;
    }

    int refuse(const CLI::ExtrasError& e) {
        for (const std::string& argument : app_.remaining()) {
            if (argument.rfind("--", 0) == 0) {
                std::cerr << unknown(argument.substr(0, argument.find('='))) << '\n';
                return e.get_exit_code();
            }
        }
        return app_.exit(e);
    }

    int refuse(const CLI::ConfigError& e) {
        const std::string said = e.what(), before = "INI was not able to parse ";
        if (said.rfind(before, 0) != 0) {
            return app_.exit(e);
        }
        std::cerr << app_.get_config_ptr()->as<std::string>() << ": " << unknown("--" + said.substr(before.size()))
                  << '\n';
        return e.get_exit_code();
    }

    std::string name_;
    CLI::App app_;
    AnyOptions options_;
    bool check_ = false;
};

}  // namespace

CommandLine parseCommandLine(int argc, char** argv) {
    const std::string first = argc > 1 ? argv[1] : "";
    for (const char* stage : StageParser::stages()) {
        if (first == stage) {
            return StageParser(stage).parse(argc - 1, argv + 1);
        }
    }
    CLI::App app{
        "Trains DR-GAN and the networks that find its faces. `drgan-train STAGE --help` shows a stage's options."};
    app.require_subcommand(1);
    for (const char* stage : StageParser::stages()) {
        const std::string what = "trains " + StageParser::describe(stage);
        app.add_subcommand(stage, what.back() == ',' ? what.substr(0, what.size() - 1) : what);
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        std::exit(app.exit(e));
    }
    std::exit(1);  // a stage that is not the first argument
}

}  // namespace drgan::train
