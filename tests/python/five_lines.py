import grpc
from equity.v1 import consultation_channel_service_pb2 as ask, consultation_channel_service_pb2_grpc as service
stub = service.ConsultationChannelServiceStub(grpc.insecure_channel("localhost:7443"))
question = ask.GetChannelBreakdownRequest(query={"area": "QK1", "period": {"first": "2020-04"}})
for cell in stub.GetChannelBreakdown(question).breakdown.rows[0].channels: print(cell.channel, cell.estimate.count)
