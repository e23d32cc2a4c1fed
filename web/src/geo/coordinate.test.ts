import { describe, expect, it } from 'vitest';
import { readCoordinate } from './coordinate';

const deyang = { lon: 104.39, lat: 31.13 };

describe('readCoordinate', () => {
  it.each([
    '104.39, 31.13',
    '104.39,31.13',
    '104.39 31.13',
    '31.13, 104.39',
    '104.39，31.13',
    '１０４．３９，３１．１３',
    '(104.39, 31.13)',
    '[104.39, 31.13]',
    '31.13N 104.39E',
    '31.13n, 104.39e',
    'N31.13 E104.39',
    '31.13N104.39E',
    'N31.13E104.39',
    '东经104.39，北纬31.13',
    '北纬31.13° 东经104.39°',
    '经度：104.39 纬度：31.13',
    'lon=104.39, lat=31.13',
    'lat: 31.13, lng: 104.39',
    '31°7\'48"N 104°23\'24"E',
    '31°7′48″N, 104°23′24″E',
    '北纬31度7分48秒，东经104度23分24秒',
    '31 07 48 N, 104 23 24 E',
    '31 7 48 104 23 24',
    'N31°7.8′ E104°23.4′',
    'geo:31.13,104.39'
  ])('reads %s', (text) => {
    const read = readCoordinate(text);
    expect(read?.lon).toBeCloseTo(deyang.lon, 7);
    expect(read?.lat).toBeCloseTo(deyang.lat, 7);
  });

  it('keeps a longitude west of 90°E apart from its latitude', () => {
    expect(readCoordinate('87.61, 43.79')).toEqual({ lon: 87.61, lat: 43.79 });
    expect(readCoordinate('43.79, 87.61')).toEqual({ lon: 87.61, lat: 43.79 });
  });

  it('reads the southern and western halves', () => {
    expect(readCoordinate('33.45S 70.66W')).toEqual({ lon: -70.66, lat: -33.45 });
    expect(readCoordinate('-70.66, -33.45')).toEqual({ lon: -70.66, lat: -33.45 });
  });

  it.each([
    '510603002002005',
    '青石社区',
    '',
    '104.39',
    '104.39,',
    '12, 34, 56',
    '200, 100',
    '31.13N 104.39N',
    '31°75′N 104°E',
    '3栋 2单元'
  ])('leaves %j alone', (text) => {
    expect(readCoordinate(text)).toBeNull();
  });
});
