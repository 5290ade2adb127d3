// The benchmark compositions drawn the way Remotion is meant to be used: one component a clip,
// moved by CSS, with Remotion's own Img, Audio and OffthreadVideo.

import React from "react";
import {
  AbsoluteFill,
  Audio,
  Composition,
  Easing,
  Img,
  OffthreadVideo,
  Sequence,
  interpolate,
  registerRoot,
  staticFile,
  useCurrentFrame,
  useVideoConfig,
} from "remotion";

const EASINGS = { easeOutCubic: Easing.out(Easing.cubic) };

/** The value of one animated property, `seconds` after the clip's start. */
function keyframed(clip, property, seconds, otherwise) {
  const track = (clip.keyframes ?? []).find((each) => each.property === property);
  if (!track) return otherwise;
  const frames = track.frames;
  if (seconds <= frames[0].time) return frames[0].value;
  for (let i = 1; i < frames.length; i++) {
    if (seconds <= frames[i].time) {
      return interpolate(
        seconds,
        [frames[i - 1].time, frames[i].time],
        [frames[i - 1].value, frames[i].value],
        { easing: EASINGS[frames[i - 1].easing] ?? ((share) => share) },
      );
    }
  }
  return frames[frames.length - 1].value;
}

function Placed({ clip, children, width, height }) {
  const seconds = useCurrentFrame() / useVideoConfig().fps;
  const { x = 0, y = 0 } = clip.transform ?? {};
  const move = [
    `translate(-50%, -50%)`,
    `translate(${keyframed(clip, "x", seconds, x)}px, ${keyframed(clip, "y", seconds, y)}px)`,
    `rotate(${keyframed(clip, "rotation", seconds, 0)}deg)`,
    `scale(${keyframed(clip, "scale", seconds, 1)})`,
  ];
  const style = {
    position: "absolute",
    left: "50%",
    top: "50%",
    width,
    height,
    transform: move.join(" "),
    opacity: keyframed(clip, "opacity", seconds, 1),
  };
  return <div style={style}>{children}</div>;
}

function Media({ clip, as: Element, ...more }) {
  const { width, height } = clip.transform;
  const style = { width: "100%", height: "100%", objectFit: clip.style?.objectFit ?? "contain" };
  return (
    <Placed clip={clip} width={width} height={height}>
      <Element src={staticFile(clip.src)} style={style} {...more} />
    </Placed>
  );
}

function Box({ clip, width, height, borderRadius }) {
  return (
    <Placed clip={clip} width={width} height={height}>
      <div style={{ width: "100%", height: "100%", background: clip.style.fill, borderRadius }} />
    </Placed>
  );
}

function Words({ clip }) {
  const seconds = useCurrentFrame() / useVideoConfig().fps;
  const each = clip.config.wordsPerBatch;
  const spoken = clip.words.findLastIndex((word) => word.start <= seconds);
  const first = Math.floor(Math.max(spoken, 0) / each) * each;
  const style = {
    position: "absolute",
    bottom: clip.config.paddingBottom,
    width: "100%",
    textAlign: "center",
    fontSize: clip.config.fontSize,
    fontWeight: 700,
    fontFamily: "Inter, sans-serif",
  };
  return (
    <div style={style}>
      {clip.words.slice(first, first + each).map((word, i) => (
        <span
          key={first + i}
          style={{ color: first + i === spoken ? clip.config.highlightColor : clip.config.textColor }}
        >
          {word.punctuated_word}{" "}
        </span>
      ))}
    </div>
  );
}

function Line({ clip }) {
  const { fontSize, fontWeight, fill } = clip.style;
  return (
    <Placed clip={clip}>
      <div style={{ fontSize, fontWeight, color: fill, whiteSpace: "nowrap", fontFamily: "Inter, sans-serif" }}>
        {clip.text}
      </div>
    </Placed>
  );
}

function Clip({ clip }) {
  const { width, height } = clip.transform ?? {};
  switch (clip.type) {
    case "video":
      return <Media clip={clip} as={OffthreadVideo} muted />;
    case "image":
      return <Media clip={clip} as={Img} />;
    case "audio":
      return <Audio src={staticFile(clip.src)} volume={clip.volume} />;
    case "rect":
      return <Box clip={clip} width={width} height={height} borderRadius={clip.style.borderRadius} />;
    case "circle":
      return <Box clip={clip} width={clip.size} height={clip.size} borderRadius="50%" />;
    case "text":
      return <Line clip={clip} />;
    case "subtitle":
      return <Words clip={clip} />;
    default:
      throw new Error(`no component for ${clip.type}`);
  }
}

function Document({ meta, tracks }) {
  const clips = tracks.flatMap((track) => track.clips);
  clips.sort((one, other) => (one.zIndex ?? 0) - (other.zIndex ?? 0));
  return (
    <AbsoluteFill style={{ background: meta.background }}>
      {clips.map((clip, i) => (
        <Sequence
          key={i}
          from={Math.round(clip.start * meta.fps)}
          durationInFrames={Math.round(clip.duration * meta.fps)}
        >
          <Clip clip={clip} />
        </Sequence>
      ))}
    </AbsoluteFill>
  );
}

registerRoot(() => (
  <Composition
    id="document"
    component={Document}
    defaultProps={{ meta: {}, tracks: [] }}
    fps={30}
    width={1280}
    height={720}
    durationInFrames={300}
    calculateMetadata={({ props }) => ({
      fps: props.meta.fps,
      width: props.meta.width,
      height: props.meta.height,
      durationInFrames: Math.round(
        props.meta.fps *
          Math.max(...props.tracks.flatMap((track) => track.clips.map((clip) => clip.start + clip.duration))),
      ),
    })}
  />
));
