// A line chart over time (uPlot), in the page's colours, with its words for those who do not see it.
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { colour, useTheme } from '../lib/theme';

export interface Line {
  label: string;
  /** The name of a colour in styles/colours.css. */
  colour: string;
  fill?: boolean;
}

interface ChartProps {
  lines: Line[];
  /** Seconds since the epoch, then each line's values. */
  data: uPlot.AlignedData;
  format: (value: number) => string;
  /** The axis begins at 1 and grows tenfold: for durations. */
  logarithmic?: boolean;
  /** What it shows, in a sentence. */
  description: string;
}

/** The length of the time axis. */
export const seconds_shown = 120;
const height = 168;
const axis_widths = { linear: 52, logarithmic: 66 };
const axis_height = 32;

/** Of the logarithmic axis while there is nothing to show: 1 ms to 1 s, so that the chart has its frame already. */
const idle_range: [number, number] = [1e3, 1e6];

/** Of a logarithmic axis, a line at each power of ten only. */
const tenfold: uPlot.Axis.Filter = (_, splits) => splits.map((value) => (/^10*$/.test(String(value)) ? value : null));

function options_of(props: ChartProps, width: number): uPlot.Options {
  const axis: uPlot.Axis = {
    stroke: colour('muted'),
    grid: { stroke: colour('border'), width: 1 },
    ticks: { show: false },
    font: '12px system-ui, sans-serif',
  };
  return {
    width,
    height,
    padding: [12, 26, 0, 0], // room for half of the last time
    legend: { show: false },
    cursor: { show: false },
    scales: {
      // As long as ever, also when a service has only just started.
      x: { range: (_, __, newest) => [newest - seconds_shown, newest] },
      y: props.logarithmic
        ? {
            distr: 3,
            log: 10,
            range: (_, min, max) => (min === null || max === null ? idle_range : uPlot.rangeLog(min, max, 10, false)),
          }
        : { range: (_, __, max) => [0, Math.max(4, max * 1.15)] },
    },
    axes: [
      { ...axis, size: axis_height, space: 64, values: '{HH}:{mm}:{ss}' },
      {
        ...axis,
        size: props.logarithmic ? axis_widths.logarithmic : axis_widths.linear,
        grid: { ...axis.grid, ...(props.logarithmic ? { filter: tenfold } : {}) },
        space: 36,
        values: (_, values) => values.map((value) => (value === null ? '' : props.format(value))),
      },
    ],
    series: [
      {},
      ...props.lines.map((line) => ({
        label: line.label,
        stroke: colour(line.colour),
        width: 1.75,
        points: { show: false },
        ...(line.fill ? { fill: `${colour(line.colour)}22` } : {}),
      })),
    ],
  };
}

export const Chart = (props: ChartProps) => {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>();
  const theme = useTheme();
  // Made anew for other colours only; the data follow below.
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    plot.current = new uPlot(options_of(props, element.clientWidth), props.data, element);
    const watcher = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height }));
    watcher.observe(element);
    return () => {
      watcher.disconnect();
      plot.current?.destroy();
    };
  }, [theme]);
  useEffect(() => plot.current?.setData(props.data), [props.data]);
  return (
    <figure class="chart">
      <div class="plot" ref={place} role="img" aria-label={props.description} />
      <figcaption class="legend">
        {props.lines.map((line) => (
          <span key={line.label} class={`key key-${line.colour}`}>
            {line.label}
          </span>
        ))}
      </figcaption>
    </figure>
  );
};
