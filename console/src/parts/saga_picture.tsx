// The saga as a picture: the way forward, the way back, and what each step is doing. Its steps can be chosen.
// On a narrow screen the same picture stands upright. Depends on nothing but what it is given.
import { useEffect, useState } from 'preact/hooks';
import type { Step } from '../api/types';
import type { Tone } from '../lib/saga';

export interface NodeStatus {
  tone: Tone;
  /** "SUCCESS", "TIMEOUT ×3", "97 done" */
  text: string;
  busy?: boolean;
}

export interface SagaPictureProps {
  status: Map<Step, NodeStatus>;
  ends: { completed: number; reverted: number };
  /** Steps that were told to fail. */
  armed: Set<Step>;
  chosen?: Step;
  choose?: (step: Step) => void;
}

interface Place {
  step?: Step;
  end?: 'COMPLETED' | 'REVERTED';
  /** Along the saga, and 0: forward, 1: back. */
  main: number;
  cross: number;
}

const places: Place[] = [
  { step: 'order.accept', main: 0, cross: 0 },
  { step: 'payment.charge', main: 1, cross: 0 },
  { step: 'inventory.reserve', main: 2, cross: 0 },
  { step: 'delivery.deliver', main: 3, cross: 0 },
  { step: 'order.finish', main: 4, cross: 0 },
  { step: 'delivery.revoke', main: 3, cross: 1 },
  { step: 'inventory.release', main: 2, cross: 1 },
  { step: 'payment.refund', main: 1, cross: 1 },
  { end: 'REVERTED', main: 0, cross: 1 },
  { end: 'COMPLETED', main: 4, cross: 1 },
];

type Point = [main: number, cross: number];
const arrows: { from: Point; to: Point; kind: 'forward' | 'fail' | 'back' }[] = [
  { from: [0, 0], to: [1, 0], kind: 'forward' },
  { from: [1, 0], to: [2, 0], kind: 'forward' },
  { from: [2, 0], to: [3, 0], kind: 'forward' },
  { from: [3, 0], to: [4, 0], kind: 'forward' },
  { from: [4, 0], to: [4, 1], kind: 'forward' },
  { from: [0, 0], to: [0, 1], kind: 'fail' },
  { from: [1, 0], to: [1, 1], kind: 'fail' },
  { from: [2, 0], to: [2, 1], kind: 'fail' },
  { from: [3, 0], to: [3, 1], kind: 'fail' },
  { from: [3, 1], to: [2, 1], kind: 'back' },
  { from: [2, 1], to: [1, 1], kind: 'back' },
  { from: [1, 1], to: [0, 1], kind: 'back' },
];

const width = 148;
const height = 70;
const margin = 4;

interface Grid {
  size: [x: number, y: number];
  at: (main: number, cross: number) => [x: number, y: number];
}

const lying: Grid = {
  size: [4 * 193 + width + 2 * margin, 126 + height + 2 * margin],
  at: (main, cross) => [margin + main * 193, margin + cross * 126],
};
const upright: Grid = {
  size: [180 + width + 2 * margin, 4 * 104 + height + 2 * margin],
  at: (main, cross) => [margin + cross * 180, margin + main * 104],
};

function use_narrow(): boolean {
  const [narrow, set_narrow] = useState(() => window.matchMedia('(max-width: 760px)').matches);
  useEffect(() => {
    const watched = window.matchMedia('(max-width: 760px)');
    const update = () => set_narrow(watched.matches);
    watched.addEventListener('change', update);
    return () => watched.removeEventListener('change', update);
  }, []);
  return narrow;
}

/** From edge to edge of two neighbours. */
function arrow_path(grid: Grid, from: Point, to: Point): string {
  const [x1, y1] = grid.at(...from);
  const [x2, y2] = grid.at(...to);
  const sideways = y1 === y2;
  const gap = 7;
  const sign = (value: number) => Math.sign(value);
  const [cx1, cy1, cx2, cy2] = [x1 + width / 2, y1 + height / 2, x2 + width / 2, y2 + height / 2];
  if (sideways) {
    const way = sign(x2 - x1);
    return `M${cx1 + way * (width / 2 + 2)} ${cy1} H${cx2 - way * (width / 2 + gap)}`;
  }
  const way = sign(y2 - y1);
  return `M${cx1} ${cy1 + way * (height / 2 + 2)} V${cy2 - way * (height / 2 + gap)}`;
}

const Bolt = () => <path class="bolt" d="M6 -9 L-4 3 H1 L-3 13 L8 0 H3 Z" />;

const StepNode = (props: SagaPictureProps & { step: Step; x: number; y: number }) => {
  const { step, choose } = props;
  const status = props.status.get(step);
  const [service, name] = step.split('.');
  const armed = props.armed.has(step);
  const label = `${step}${status?.text ? `: ${status.text}` : ''}${armed ? ', told to fail' : ''}`;
  const press = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    choose?.(step);
  };
  const interactive = choose
    ? {
        role: 'button' as const,
        tabindex: 0, // in SVG, the case of a name counts
        'aria-pressed': props.chosen === step,
        'aria-label': label,
        onClick: () => choose(step),
        onKeyDown: press,
      }
    : {};
  return (
    <g
      class={`node tone-${status?.tone ?? 'plain'} ${status?.busy ? 'pulse' : ''} ${props.chosen === step ? 'chosen' : ''}`}
      transform={`translate(${props.x} ${props.y})`}
      data-step={step}
      {...interactive}
    >
      <rect width={width} height={height} rx="10" />
      <text class="service" x="14" y="20">
        {service}
      </text>
      <text class="verb" x="14" y="40">
        {name}
      </text>
      <text class="status" x="14" y="59">
        {status?.text ?? ''}
      </text>
      {armed && (
        <g transform={`translate(${width - 18} 18)`}>
          <Bolt />
        </g>
      )}
    </g>
  );
};

const EndNode = ({ end, count, x, y }: { end: 'COMPLETED' | 'REVERTED'; count: number; x: number; y: number }) => (
  <g
    class={`node end ${count ? `tone-${end === 'COMPLETED' ? 'good' : 'undo'}` : ''}`}
    transform={`translate(${x} ${y})`}
  >
    <rect width={width} height={height} rx={height / 2} />
    <text class="verb centred" x={width / 2} y={count > 1 ? 33 : 41}>
      {end}
    </text>
    {count > 1 && (
      <text class="status centred" x={width / 2} y="52">
        {count}
      </text>
    )}
  </g>
);

export const SagaPicture = (props: SagaPictureProps) => {
  const grid = use_narrow() ? upright : lying;
  const [w, h] = grid.size;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot hold parts of an SVG
    <svg
      class="saga-picture"
      viewBox={`0 0 ${w} ${h}`}
      role="group"
      aria-label="The saga: forward steps, and the steps that undo them"
    >
      <defs>
        {(['forward', 'fail', 'back'] as const).map((kind) => (
          <marker
            key={kind}
            id={`head-${kind}`}
            viewBox="0 0 8 8"
            refX="4"
            refY="4"
            markerWidth="7"
            markerHeight="7"
            orient="auto"
          >
            <path class={`head ${kind}`} d="M0 0 L8 4 L0 8 Z" />
          </marker>
        ))}
      </defs>
      {arrows.map(({ from, to, kind }) => (
        <path
          key={`${from} ${to}`}
          class={`arrow ${kind}`}
          d={arrow_path(grid, from, to)}
          marker-end={`url(#head-${kind})`}
        />
      ))}
      {places.map((place) => {
        const [x, y] = grid.at(place.main, place.cross);
        if (place.step) return <StepNode key={place.step} {...props} step={place.step} x={x} y={y} />;
        const end = place.end as 'COMPLETED' | 'REVERTED';
        return (
          <EndNode
            key={end}
            end={end}
            count={end === 'COMPLETED' ? props.ends.completed : props.ends.reverted}
            x={x}
            y={y}
          />
        );
      })}
    </svg>
  );
};
