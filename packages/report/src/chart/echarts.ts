// The parts of ECharts that are used. The build bundles them into this file (scripts/bundleEcharts.mjs).
export { LineChart, ScatterChart } from 'echarts/charts';
export { GridComponent, MarkAreaComponent, MarkLineComponent, TitleComponent } from 'echarts/components';
export { init, use } from 'echarts/core';
export { SVGRenderer } from 'echarts/renderers';
